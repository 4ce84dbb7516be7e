#pragma once
// The versions that this process wrote last, so that the events which report them can be told from the
// changes of others. Thread-safe.

#include <string>
#include <unordered_map>

#include "base/guarded.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

class OwnWrites {
 public:
  void wrote(const kube::ObjectKey& key, const std::string& resource_version) {
    (*writes_.lock())[key] = resource_version;
  }
  /// True, once, for the version that was written last.
  bool take(const kube::ObjectKey& key, const std::string& resource_version) {
    auto writes = writes_.lock();
    const auto found = writes->find(key);
    if (found == writes->end() || found->second != resource_version) return false;
    writes->erase(found);
    return true;
  }
  void forget(const kube::ObjectKey& key) { writes_.lock()->erase(key); }

 private:
  Guarded<std::unordered_map<kube::ObjectKey, std::string>> writes_;
};

}  // namespace apiclient::reconciler
