#pragma once
// What this process remembers of its own passes, so that the events of its own writes cause no further reads. Losing
// it (a restart) costs nothing but a look at the caches. Thread-safe.

#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

class PassMemory {
 public:
  /// A pass found or made everything right; the ApiClient then had this resource version.
  void succeeded(const kube::ObjectKey& key, const std::string& resource_version, std::optional<BootTime> next_check);
  /// True when a cached object of this version is the one that the last good pass left, or an older one that a watch
  /// has yet to catch up from (resource versions of one resource compare as numbers since Kubernetes 1.35; where they
  /// are not numbers only equality counts).
  [[nodiscard]] bool is_settled_version(const kube::ObjectKey& key, const std::string& resource_version) const;

  /// The next pass must look at everything, whatever the caches say, and ask the registry about the secret.
  void request_check(const kube::ObjectKey& key);
  [[nodiscard]] bool check_requested(const kube::ObjectKey& key) const;
  /// When the next full look is due; set on first use to `otherwise`.
  BootTime next_check(const kube::ObjectKey& key, BootTime otherwise);

  void forget(const kube::ObjectKey& key);

 private:
  struct Record {
    std::string settled_version = {};
    std::optional<BootTime> next_check = {};
    bool check_requested = false;
  };
  mutable Guarded<std::unordered_map<kube::ObjectKey, Record>> records_;
};

}  // namespace apiclient::reconciler
