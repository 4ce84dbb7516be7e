#pragma once
// Secrets of ours that bear `retire-at`: an ApiClient published there before its spec.secret.name was
// changed. An index over the cache, fed by the informer. Thread-safe.

#include <string>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

class FormerSecrets {
 public:
  void add(const std::string& owner_uid, const kube::ObjectKey& secret);
  void remove(const std::string& owner_uid, const kube::ObjectKey& secret);
  [[nodiscard]] std::vector<kube::ObjectKey> of(const std::string& owner_uid) const;

 private:
  mutable Guarded<std::unordered_map<std::string, std::vector<kube::ObjectKey>>> secrets_;
};

}  // namespace apiclient::reconciler
