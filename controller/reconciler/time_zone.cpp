#include "reconciler/time_zone.h"

#include <date/tz.h>

#include <stdexcept>

namespace apiclient::reconciler {
namespace {

using std::chrono::seconds;

WallTime to_wall(seconds since_epoch) { return WallTime(since_epoch); }

}  // namespace

TimeZone::LocalSecond TimeZone::to_local(WallTime time) const {
  const auto second = std::chrono::floor<seconds>(time);
  const seconds offset = zone_ == nullptr ? seconds(0) : zone_->get_info(second).offset;
  return LocalSecond(second.time_since_epoch() + offset);
}

WallTime TimeZone::first_moment(LocalSecond time) const {
  if (zone_ == nullptr) return to_wall(time.time_since_epoch());
  const date::local_info info = zone_->get_info(date::local_seconds(time.time_since_epoch()));
  if (info.result == date::local_info::nonexistent) return to_wall(info.first.end.time_since_epoch());
  return to_wall(time.time_since_epoch() - info.first.offset);
}

std::optional<TimeZone> find_time_zone(const std::string& name) {
  if (name == "UTC") return TimeZone::utc();
  try {
    return TimeZone(date::locate_zone(name));
  } catch (const std::runtime_error&) {
    // How the library says that it knows no such zone, and that it finds no database.
    return std::nullopt;
  }
}

}  // namespace apiclient::reconciler
