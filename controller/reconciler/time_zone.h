#pragma once
// Time zones of the machine's tz database (package tzdata): local time and back. Plain value; reading the
// database is thread-safe.

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"

namespace date {
class time_zone;
}

namespace apiclient::reconciler {

class TimeZone {
 public:
  using LocalSecond = std::chrono::local_time<std::chrono::seconds>;

  static TimeZone utc() { return TimeZone(nullptr); }

  [[nodiscard]] LocalSecond to_local(WallTime time) const;
  /// The first moment at which a clock on the wall shows this or a later time: of a time that is skipped in
  /// spring the moment of the skip, of one that comes twice in autumn the earlier.
  [[nodiscard]] WallTime first_moment(LocalSecond time) const;

 private:
  friend std::optional<TimeZone> find_time_zone(const std::string& name);
  explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}

  const date::time_zone* zone_;  ///< of the database, which stays; null: UTC, for which none is needed
};

/// By its IANA name. Empty: not in the database, or there is no database.
std::optional<TimeZone> find_time_zone(const std::string& name);

}  // namespace apiclient::reconciler
