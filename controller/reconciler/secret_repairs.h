#pragma once
// How often the Secret of each ApiClient was put right after somebody else had written into it: two writers
// that never agree must not go on for ever. Losing it (a restart) costs a few more repairs. Thread-safe.

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

class SecretRepairs {
 public:
  /// Repairs of one Secret within an hour; then it is left as it is for the rest of it.
  static constexpr int kMostAnHour = 3;

  void repaired(const kube::ObjectKey& client, BootTime now);
  [[nodiscard]] bool is_contended(const kube::ObjectKey& client, BootTime now) const;
  void forget(const kube::ObjectKey& client);

 private:
  mutable Guarded<std::unordered_map<kube::ObjectKey, std::vector<BootTime>>> repairs_;
};

}  // namespace apiclient::reconciler
