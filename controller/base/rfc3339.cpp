#include "base/rfc3339.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace apiclient {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::microseconds;
using std::chrono::seconds;

struct Parts {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<seconds> time;
};

Parts split(WallTime time) {
  const auto whole = floor<seconds>(time);
  const auto day = floor<days>(whole);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<seconds>(whole - day)};
}

std::string format_seconds(const Parts& parts) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(parts.date.year()),
                     static_cast<unsigned>(parts.date.month()), static_cast<unsigned>(parts.date.day()),
                     parts.time.hours().count(), parts.time.minutes().count(), parts.time.seconds().count());
}

/// Reads fixed-width numbers and literals from the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  std::optional<int> number(std::size_t width) {
    int value = 0;
    if (rest_.size() < width) return std::nullopt;
    for (const char digit : rest_.substr(0, width)) {
      if (digit < '0' || digit > '9') return std::nullopt;
      value = value * 10 + (digit - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }
  bool literal(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] char last() const { return last_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t digits() const {
    return std::min(rest_.find_first_not_of("0123456789"), rest_.size());
  }

 private:
  std::string_view rest_;
  char last_ = 0;
};

std::optional<WallTime> parse_date_time(Cursor& cursor) {
  const auto year = cursor.number(4);
  if (!year || !cursor.literal("-")) return std::nullopt;
  const auto month = cursor.number(2);
  if (!month || !cursor.literal("-")) return std::nullopt;
  const auto day = cursor.number(2);
  if (!day || !cursor.literal("Tt ")) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  const auto hour = cursor.number(2);
  if (!hour || !cursor.literal(":")) return std::nullopt;
  const auto minute = cursor.number(2);
  if (!minute || !cursor.literal(":")) return std::nullopt;
  const auto second = cursor.number(2);
  if (!second || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return WallTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
                  std::chrono::minutes(*minute) + seconds(*second));
}

std::optional<std::chrono::nanoseconds> parse_fraction(Cursor& cursor) {
  if (!cursor.literal(".")) return std::chrono::nanoseconds(0);
  const std::size_t width = cursor.digits();
  if (width == 0 || width > 9) return std::nullopt;
  long value = cursor.number(width).value_or(0);
  for (std::size_t i = width; i < 9; ++i) value *= 10;
  return std::chrono::nanoseconds(value);
}

std::optional<std::chrono::minutes> parse_offset(Cursor& cursor) {
  if (cursor.literal("Zz")) return std::chrono::minutes(0);
  if (!cursor.literal("+-")) return std::nullopt;
  const int sign = cursor.last() == '-' ? -1 : 1;
  const auto hours = cursor.number(2);
  if (!hours || !cursor.literal(":")) return std::nullopt;
  const auto minutes = cursor.number(2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return std::chrono::minutes(sign * (*hours * 60 + *minutes));
}

}  // namespace

std::string format_rfc3339(WallTime time) { return format_seconds(split(time)) + "Z"; }

std::string format_rfc3339_micro(WallTime time) {
  const auto fraction = floor<microseconds>(time - floor<seconds>(time));
  return fmt::format("{}.{:06}Z", format_seconds(split(time)), fraction.count());
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  Cursor cursor(text);
  const auto time = parse_date_time(cursor);
  const auto fraction = time ? parse_fraction(cursor) : std::nullopt;
  const auto offset = fraction ? parse_offset(cursor) : std::nullopt;
  if (!offset || !cursor.at_end()) return fail(ErrorKind::invalid, "not an RFC 3339 time");
  return *time + std::chrono::duration_cast<WallTime::duration>(*fraction) - *offset;
}

}  // namespace apiclient
