#include "runtime/watch_state.h"

#include "base/overloaded.h"

namespace apiclient::runtime {
namespace {

constexpr std::chrono::seconds kVeryShort{1};
constexpr int kFruitlessBeforeNewest = 2;

/// Never older than what was seen; any cached state when nothing was.
NeedsList list_since(const std::string& last_version) {
  return {last_version.empty() ? NeedsList{}.resource_version : last_version};
}

Advance after_list_failed(const WatchState& state, const ListFailed& failed) {
  const auto* listing = std::get_if<NeedsList>(&state);
  const bool newest = listing != nullptr && listing->resource_version.empty();
  // Once a version was refused, only the newest state will do, until a list succeeds.
  if (newest) return {NeedsList{""}, true};
  if (failed.error.kind == ErrorKind::expired) return {NeedsList{""}, false};
  return {list_since(failed.last_version), true};
}

/// What a server that is overloaded or away answers: a list would only make it worse. A stream that was cut
/// or went silent belongs here too.
bool keeps_watching(const Error& error) {
  const bool no_answer = error.status_code == 0;
  return error.kind == ErrorKind::throttled || (error.kind == ErrorKind::unavailable && no_answer) ||
         (error.kind == ErrorKind::timeout && no_answer);
}

Advance after_watch_ended(const WatchEnded& ended, bool empty, int fruitless) {
  if (empty && fruitless >= kFruitlessBeforeNewest) return {NeedsList{""}, true};
  return {Watching{ended.last_version}, empty};
}

Advance after_watch_failed(const WatchFailed& failed, int fruitless) {
  if (keeps_watching(failed.error)) return {Watching{failed.last_version}, true};
  const bool gone = failed.error.kind == ErrorKind::expired;
  if (gone && fruitless >= kFruitlessBeforeNewest) return {NeedsList{""}, true};
  return {list_since(failed.last_version), true};
}

}  // namespace

bool is_fruitless(const WatchOutcome& outcome) {
  if (const auto* failed = std::get_if<WatchFailed>(&outcome))
    return failed->error.kind == ErrorKind::expired;
  const auto* ended = std::get_if<WatchEnded>(&outcome);
  return ended != nullptr && ended->events == 0 && ended->lasted < kVeryShort;
}

int count_fruitless(int before, const WatchOutcome& outcome) {
  if (is_fruitless(outcome)) return before + 1;
  const bool list =
      std::holds_alternative<ListFinished>(outcome) || std::holds_alternative<ListFailed>(outcome);
  return list ? before : 0;
}

Advance advance(const WatchState& state, const WatchOutcome& outcome, int fruitless) {
  return std::visit(
      overloaded{
          [](const ListFinished& finished) {
            return Advance{Watching{finished.resource_version}, false};
          },
          [&](const ListFailed& failed) { return after_list_failed(state, failed); },
          [&](const WatchEnded& ended) { return after_watch_ended(ended, is_fruitless(outcome), fruitless); },
          [&](const WatchFailed& failed) { return after_watch_failed(failed, fruitless); },
      },
      outcome);
}

}  // namespace apiclient::runtime
