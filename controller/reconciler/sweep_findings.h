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

/// What has no ApiClient any more, sorted.
struct Orphans {
  std::vector<std::string> clients = {};  ///< ids
  std::vector<std::string> secrets = {};  ///< published ones: namespace/name

  bool operator==(const Orphans&) const = default;
};

class SweepFindings {
 public:
  /// `orphans` of this very registry object. True when the last sweep did not say the same.
  bool put(const std::string& registry, const std::string& uid, Orphans orphans);
  /// Empty: not swept since the start.
  [[nodiscard]] std::optional<Orphans> orphans(const std::string& registry, const std::string& uid) const;
  void forget(const std::string& registry);

 private:
  struct Entry {
    std::string uid;
    Orphans orphans;
  };
  mutable Guarded<std::unordered_map<std::string, Entry>> entries_;
};

/// The condition Orphans: there while there are some. Without findings it stays as it is.
void note_orphans(const api::ClientRegistry& registry, const std::optional<Orphans>& orphans, WallTime now,
                  api::ClientRegistryStatus& status);

}  // namespace apiclient::reconciler
