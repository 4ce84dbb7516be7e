#include "reconciler/rotation_window.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace apiclient::reconciler {
namespace {

using std::chrono::minutes;

/// In a leap year, and with all that come within reach.
constexpr LocalMinute kAnyTime{std::chrono::local_days(std::chrono::year(2000) / 1 / 1)};

Failure wrong(std::string_view field, std::string_view member, const std::string& what) {
  return fail(ErrorKind::invalid, std::string(field) + "." + std::string(member) + ": " + what);
}

}  // namespace

WallTime RotationWindow::next_opening(WallTime time) const {
  // When clocks have just been set forward, what was skipped opens now; when they have been set back, it is
  // the earlier of the two local times from which the search starts.
  const auto just_before = time - WallTime::duration(1);
  const auto local = std::min(zone_.to_local(time), zone_.to_local(just_before) + std::chrono::seconds(1));
  auto match = next_match(opens_, std::chrono::ceil<minutes>(local));
  // Times that come twice have their moment behind them.
  while (match && zone_.first_moment(*match) < time) match = next_match(opens_, *match + minutes(1));
  assert(match);  // make_rotation_window has seen that it opens
  return zone_.first_moment(*match);
}

std::optional<WallTime> RotationWindow::open_until(WallTime time) const {
  const WallTime opened = next_opening(time - duration_ + WallTime::duration(1));
  return opened <= time ? std::optional(opened + duration_) : std::nullopt;
}

Result<RotationWindow> make_rotation_window(const api::RotationWindowSpec& spec, std::string_view field) {
  const auto opens = parse_cron(spec.opens);
  if (!opens) return wrong(field, "opens", opens.error().message);
  if (!next_match(*opens, kAnyTime)) {
    return wrong(field, "opens",
                 "\"" + spec.opens + "\" never comes: no month that is named has such a day; correct it");
  }
  const auto zone = find_time_zone(spec.time_zone);
  if (!zone) {
    return wrong(field, "timeZone",
                 "\"" + spec.time_zone +
                     "\" is not in the operator's time zone database; use an IANA name, as Europe/Berlin");
  }
  return RotationWindow(*opens, *zone, spec.duration);
}

std::optional<WallTime> open_until(const RotationWindows& windows, WallTime time) {
  std::optional<WallTime> latest;
  for (const RotationWindow& window : windows) latest = std::max(latest, window.open_until(time));
  return latest;
}

WallTime next_open(const RotationWindows& windows, WallTime time) {
  if (windows.empty() || open_until(windows, time)) return time;
  WallTime earliest = WallTime::max();
  for (const RotationWindow& window : windows) earliest = std::min(earliest, window.next_opening(time));
  return earliest;
}

}  // namespace apiclient::reconciler
