#include "reconciler/cron.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <string>
#include <vector>

namespace apiclient::reconciler {
namespace {

using std::chrono::days;
using Values = Cron::Values;

/// The longest time without a match that any expression has: from one 29th of February to the next, across
/// a year like 2100.
constexpr days kLongestGap{8 * 366};
constexpr unsigned kDaysOfWeek = 7;

constexpr std::array<std::string_view, 12> kMonthNames{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, kDaysOfWeek> kDayNames{"sun", "mon", "tue", "wed",
                                                              "thu", "fri", "sat"};

struct FieldRule {
  std::string_view name;
  unsigned lowest;
  unsigned highest;
  std::span<const std::string_view> names = {};  ///< of lowest, lowest + 1 and so on
};
constexpr std::array<FieldRule, 5> kFields{
    {{.name = "minute", .lowest = 0, .highest = 59},
     {.name = "hour", .lowest = 0, .highest = 23},
     {.name = "day of month", .lowest = 1, .highest = 31},
     {.name = "month", .lowest = 1, .highest = 12, .names = kMonthNames},
     {.name = "day of week", .lowest = 0, .highest = kDaysOfWeek, .names = kDayNames}}};

/// One field with the values that it stands for.
struct Field {
  Values values = {};
  bool restricted = true;  ///< holds no `*`
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Failure wrong(const FieldRule& rule, std::string_view item, const std::string& what) {
  return fail(ErrorKind::invalid, std::string(rule.name) + " \"" + std::string(item) + "\": " + what);
}

std::string values_of(const FieldRule& rule) {
  std::string text = std::to_string(rule.lowest) + " to " + std::to_string(rule.highest);
  if (!rule.names.empty()) {
    text += " or " + std::string(rule.names.front()) + " to " + std::string(rule.names.back());
  }
  return text;
}

std::optional<unsigned> read_number(std::string_view text, unsigned lowest, unsigned highest) {
  unsigned number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = problem == std::errc() && end == text.data() + text.size();
  return whole && number >= lowest && number <= highest ? std::optional(number) : std::nullopt;
}

std::optional<unsigned> read_value(std::string_view text, const FieldRule& rule) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char letter) { return std::tolower(letter); });
  const auto name = std::ranges::find(rule.names, lower);
  if (name != rule.names.end()) return rule.lowest + static_cast<unsigned>(name - rule.names.begin());
  return read_number(text, rule.lowest, rule.highest);
}

struct Range {
  unsigned first;
  unsigned last;
};

Result<Range> read_range(std::string_view item, std::string_view text, bool open_ended,
                         const FieldRule& rule) {
  if (text == "*") return Range{rule.lowest, rule.highest};
  const auto ends = split(text, '-');
  if (ends.size() > 2) return wrong(rule, item, "a range has two ends");
  const auto first = read_value(ends.front(), rule);
  const auto last = read_value(ends.back(), rule);
  if (!first || !last) {
    return wrong(
        rule, item,
        "\"" + std::string(first ? ends.back() : ends.front()) + "\" is not one of " + values_of(rule));
  }
  if (ends.size() == 1) return Range{*first, open_ended ? rule.highest : *first};
  // A week may end with Sunday, whatever it is called.
  const bool ends_with_sunday = rule.highest == kDaysOfWeek && *last == 0 && *first > 0;
  const unsigned end = ends_with_sunday ? kDaysOfWeek : *last;
  if (end < *first) {
    return wrong(rule, item, "the range ends before it begins; write it as two, parted by a comma");
  }
  return Range{*first, end};
}

Result<void> read_item(std::string_view item, const FieldRule& rule, Field& field) {
  const auto parts = split(item, '/');
  if (parts.size() > 2) return wrong(rule, item, "an item has one step");
  const bool has_step = parts.size() == 2;
  const auto step = has_step ? read_number(parts.back(), 1, rule.highest) : std::optional(1U);
  if (!step) {
    return wrong(
        rule, item,
        "the step \"" + std::string(parts.back()) + "\" is not one of 1 to " + std::to_string(rule.highest));
  }
  ASSIGN_OR_RETURN(const Range range, read_range(item, parts.front(), has_step, rule));
  for (unsigned value = range.first; value <= range.last; value += *step) field.values.set(value);
  if (parts.front() == "*" && *step == 1) field.restricted = false;
  return {};
}

Result<Field> read_field(std::string_view text, const FieldRule& rule) {
  Field field;
  for (const std::string_view item : split(text, ',')) RETURN_IF_ERROR(read_item(item, rule, field));
  return field;
}

bool matches_day(const Cron& cron, std::chrono::local_days day) {
  const std::chrono::year_month_day date(day);
  const std::chrono::weekday weekday(day);
  const bool by_month = cron.days_of_month[static_cast<unsigned>(date.day())];
  const bool by_week = cron.days_of_week[weekday.c_encoding()];
  return cron.months[static_cast<unsigned>(date.month())] &&
         (cron.either_day ? by_month || by_week : by_month && by_week);
}

std::optional<std::chrono::minutes> next_within_day(const Cron& cron, std::chrono::minutes from) {
  for (auto time = from; time < days(1); ++time) {
    const auto hour = std::chrono::floor<std::chrono::hours>(time);
    const bool matches = cron.hours[static_cast<std::size_t>(hour.count())] &&
                         cron.minutes[static_cast<std::size_t>((time - hour).count())];
    if (matches) return time;
  }
  return std::nullopt;
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
  const auto texts = split(text, ' ');
  if (texts.size() != kFields.size()) {
    return fail(ErrorKind::invalid, "there are " + std::to_string(texts.size()) +
                                        " fields; needed are five, parted by single spaces: minute, hour, "
                                        "day of month, month, day of week");
  }
  std::array<Field, kFields.size()> fields;
  for (std::size_t index = 0; index < kFields.size(); ++index) {
    ASSIGN_OR_RETURN(fields[index], read_field(texts[index], kFields[index]));
  }
  auto& [minute, hour, day_of_month, month, day_of_week] = fields;
  if (day_of_week.values[kDaysOfWeek]) day_of_week.values.set(0);
  day_of_week.values.reset(kDaysOfWeek);
  return Cron{.minutes = minute.values,
              .hours = hour.values,
              .days_of_month = day_of_month.values,
              .months = month.values,
              .days_of_week = day_of_week.values,
              .either_day = day_of_month.restricted && day_of_week.restricted};
}

std::optional<LocalMinute> next_match(const Cron& cron, LocalMinute from) {
  const auto first_day = std::chrono::floor<days>(from);
  for (auto day = first_day; day <= first_day + kLongestGap; day += days(1)) {
    if (!matches_day(cron, day)) continue;
    const auto time = next_within_day(cron, day == first_day ? from - first_day : std::chrono::minutes(0));
    if (time) return day + *time;
  }
  return std::nullopt;
}

}  // namespace apiclient::reconciler
