#pragma once
// Cron expressions of five fields, as in crontab(5): minute, hour, day of month, month, day of week. Pure.
// They speak of local time, of no zone in particular.

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace apiclient::reconciler {

using LocalMinute = std::chrono::local_time<std::chrono::minutes>;

/// Which values of each field match; a value is its bit.
struct Cron {
  using Values = std::bitset<64>;
  Values minutes = {};
  Values hours = {};
  Values days_of_month = {};
  Values months = {};
  Values days_of_week = {};  ///< 0 is Sunday
  /// POSIX: when both fields of days are restricted, a day that matches either is meant.
  bool either_day = false;

  bool operator==(const Cron&) const = default;
};

/// A field is a list of `*`, a value or a range `a-b`, each with a step `/n` if wanted; `a/n` runs to the end
/// of the field. Months and days of the week also by the first three letters of their English names, Sunday
/// as 0 and 7. Errors: invalid; the message names the field and the item that is wrong.
Result<Cron> parse_cron(std::string_view text);

/// The first match at or after `from`; empty: there is none, ever (the 30th of February).
std::optional<LocalMinute> next_match(const Cron& cron, LocalMinute from);

}  // namespace apiclient::reconciler
