#pragma once
// What this process remembers of its own passes, so that the events of its own writes cause no further reads.
// Losing it (a restart) costs nothing but a look at the caches. Thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

/// What the next pass must not take from the caches.
enum class Doubt {
  none,
  state,   ///< look at everything live
  secret,  ///< and ask the registry whether it accepts the published secret
};

/// A doubt as it stood when a pass began: one that is raised while the pass runs is not ended by it.
struct RaisedDoubt {
  Doubt doubt = Doubt::none;
  std::uint64_t raised = 0;  ///< how often any was raised
};

class PassMemory {
 public:
  /// A pass that began with `doubt` found or made everything right; the ApiClient then had this resource
  /// version.
  void succeeded(const kube::ObjectKey& key, const std::string& resource_version,
                 std::optional<BootTime> next_check, const RaisedDoubt& doubt);
  /// True when a cached object of this version is the one that the last good pass left, or an older one that
  /// a watch has yet to catch up from (resource versions of one resource compare as numbers since
  /// Kubernetes 1.35; where they are not numbers only equality counts).
  [[nodiscard]] bool is_settled_version(const kube::ObjectKey& key,
                                        const std::string& resource_version) const;

  /// Raises the doubt; a pass that begins later and succeeds ends it.
  void request_check(const kube::ObjectKey& key, Doubt doubt);
  [[nodiscard]] RaisedDoubt doubt(const kube::ObjectKey& key) const;
  /// When the next full look is due; set on first use to `otherwise`.
  BootTime next_check(const kube::ObjectKey& key, BootTime otherwise);

  void forget(const kube::ObjectKey& key);

 private:
  struct Record {
    std::string settled_version = {};
    std::optional<BootTime> next_check = {};
    RaisedDoubt doubt = {};
  };
  mutable Guarded<std::unordered_map<kube::ObjectKey, Record>> records_;
};

}  // namespace apiclient::reconciler
