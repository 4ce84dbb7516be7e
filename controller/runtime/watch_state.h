#pragma once
// The reflector's state machine: from (state, outcome) to (next state, pause). Pure. The rules are those of
// client-go's reflector: list at "0", relist at the last version seen, "" only after 410 or a version that is
// too new, watch again without a list after a clean end, 429 or a refused connection, very short watches back
// off.

#include <chrono>
#include <string>
#include <variant>

#include "base/backoff.h"
#include "base/error.h"

namespace apiclient::runtime {

struct NeedsList {
  std::string resource_version = "0";
};
struct Watching {
  std::string resource_version;
};
using WatchState = std::variant<NeedsList, Watching>;

struct ListFinished {
  std::string resource_version;
};
struct ListFailed {
  Error error;
  std::string last_version;  ///< newest version ever seen; empty when none
};
struct WatchEnded {
  std::string last_version;
  std::size_t events = 0;  ///< without bookmarks
  std::chrono::milliseconds lasted{0};
};
struct WatchFailed {
  Error error;
  std::string last_version;
};
using WatchOutcome = std::variant<ListFinished, ListFailed, WatchEnded, WatchFailed>;

struct Advance {
  WatchState state;
  bool back_off = false;  ///< pause by back-off before acting on `state`
};

/// A watch that brought nothing: it ended cleanly within a second and without any event, or its version is
/// gone.
[[nodiscard]] bool is_fruitless(const WatchOutcome& outcome);
/// Fruitless watches in a row, `outcome` included; lists between them do not count.
[[nodiscard]] int count_fruitless(int before, const WatchOutcome& outcome);

/// The second `fruitless` watch in a row relists without a version: an uncached resource answers a stale
/// version with an instant end and never with 410, and a server may list a version that it can no longer
/// watch.
Advance advance(const WatchState& state, const WatchOutcome& outcome, int fruitless);

}  // namespace apiclient::runtime
