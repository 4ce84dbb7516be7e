#include "reconciler/wake_up.h"

#include <algorithm>

#include "base/random.h"

namespace apiclient::reconciler {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes kLongestSleep{5};
constexpr milliseconds kLeastSleep{1};
constexpr milliseconds kTurnPause{1'000};

milliseconds part_of(milliseconds duration, double part) {
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(duration.count()) * part));
}

}  // namespace

std::optional<milliseconds> sleep_until(const std::optional<WallTime>& time, WallTime now) {
  if (!time) return std::nullopt;
  const auto left = std::min<WallTime::duration>(*time - now, kLongestSleep);
  return std::max(kLeastSleep, std::chrono::ceil<milliseconds>(left));
}

milliseconds turn_pause() { return kTurnPause + part_of(kTurnPause, random_unit()); }

milliseconds jittered(milliseconds interval) { return part_of(interval, 0.9 + 0.2 * random_unit()); }

std::optional<milliseconds> sooner(std::optional<milliseconds> one, std::optional<milliseconds> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

runtime::Action wake_in(std::optional<milliseconds> time) {
  return time ? runtime::Action::requeue_after(*time) : runtime::Action::await_change();
}

}  // namespace apiclient::reconciler
