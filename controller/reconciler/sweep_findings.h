#pragma once
// What the last sweep found in each registry: written by the sweep, read by the registry reconciler, who
// alone writes the status. Thread-safe.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/client_registry.h"
#include "base/clock.h"
#include "base/guarded.h"

namespace apiclient::reconciler {

class SweepFindings {
 public:
  using Ids = std::vector<std::string>;

  /// `orphans` of this very registry object, sorted. True when the last sweep did not say the same.
  bool put(const std::string& registry, const std::string& uid, Ids orphans);
  /// Empty: not swept since the start.
  [[nodiscard]] std::optional<Ids> orphans(const std::string& registry, const std::string& uid) const;
  void forget(const std::string& registry);

 private:
  struct Entry {
    std::string uid;
    Ids orphans;
  };
  mutable Guarded<std::unordered_map<std::string, Entry>> entries_;
};

/// The condition Orphans: there while there are some. Without findings it stays as it is.
void note_orphans(const api::ClientRegistry& registry, const std::optional<SweepFindings::Ids>& orphans,
                  WallTime now, api::ClientRegistryStatus& status);

}  // namespace apiclient::reconciler
