#pragma once
// Which last-used times are still to be written: at most one write per secret and spacing, uses close
// together in one batch. Pure: no clock, no lock. Not thread-safe.

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace apiclient::registry {

struct LastUsedPacing {
  std::chrono::milliseconds spacing{60'000};  ///< between two writes of one secret
  std::chrono::milliseconds gather{1'000};    ///< a first use waits this long for others
};

class LastUsedBacklog {
 public:
  explicit LastUsedBacklog(LastUsedPacing pacing = {}) : pacing_(pacing) {}

  /// True when the next due time may have changed.
  bool note(const std::string& secret_id, WallTime used_at, BootTime now);
  /// When `take_due` will have something; empty when nothing waits.
  [[nodiscard]] std::optional<BootTime> next_due() const;
  /// Takes what is due, and remembers it as written.
  std::vector<std::pair<std::string, WallTime>> take_due(BootTime now);
  std::vector<std::pair<std::string, WallTime>> take_all();

 private:
  struct Waiting {
    WallTime used_at;
    BootTime due_at;
  };
  void forget_old_writes(BootTime now);

  const LastUsedPacing pacing_;
  std::unordered_map<std::string, Waiting> waiting_;
  std::unordered_map<std::string, BootTime> written_at_;
};

}  // namespace apiclient::registry
