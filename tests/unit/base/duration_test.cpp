#include "base/duration.h"

#include <gmock/gmock.h>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;

struct DurationCase {
  std::string name;
  std::string text;
  std::chrono::milliseconds value;
  std::string shortest;  ///< how the value is written
};
void PrintTo(const DurationCase& row, std::ostream* out) { *out << row.name; }

class Durations : public ::testing::TestWithParam<DurationCase> {};

TEST_P(Durations, AreReadAndWritten) {
  const auto& row = GetParam();
  const auto parsed = parse_duration(row.text);
  ASSERT_THAT(parsed, is_ok());
  EXPECT_EQ(*parsed, row.value);
  EXPECT_EQ(format_duration(row.value), row.shortest);
}

INSTANTIATE_TEST_SUITE_P(Rows, Durations,
                         ::testing::Values(DurationCase{"Seconds", "30s", 30s, "30s"},
                                           DurationCase{"Milliseconds", "500ms", 500ms, "500ms"},
                                           DurationCase{"MinutesBecomeHours", "90m", 90min, "1h30m"},
                                           DurationCase{"AllUnits", "1w2d3h4m5s6ms",
                                                        168h + 48h + 3h + 4min + 5s + 6ms, "1w2d3h4m5s6ms"},
                                           DurationCase{"Zero", "0s", 0ms, "0s"},
                                           DurationCase{"Days", "7d", 168h, "1w"},
                                           DurationCase{"LeadingZero", "05m", 5min, "5m"},
                                           DurationCase{"MinuteThenMillisecond", "1m1ms", 60'001ms, "1m1ms"}),
                         RowName());

struct BadDuration {
  std::string name;
  std::string text;
};
void PrintTo(const BadDuration& row, std::ostream* out) { *out << row.name; }

class BadDurations : public ::testing::TestWithParam<BadDuration> {};

TEST_P(BadDurations, AreInvalid) {
  EXPECT_THAT(parse_duration(GetParam().text), has_error(ErrorKind::invalid));
}

INSTANTIATE_TEST_SUITE_P(Rows, BadDurations,
                         ::testing::Values(BadDuration{"Empty", ""}, BadDuration{"NoUnit", "10"},
                                           BadDuration{"NoNumber", "s"}, BadDuration{"Negative", "-5s"},
                                           BadDuration{"Plus", "+5s"}, BadDuration{"Fraction", "1.5h"},
                                           BadDuration{"WrongOrder", "1s1m"}, BadDuration{"Twice", "1h1h"},
                                           BadDuration{"Space", "1h 5m"}, BadDuration{"UnknownUnit", "3y"},
                                           BadDuration{"UpperCase", "5M"}, BadDuration{"Trailing", "1h5"},
                                           BadDuration{"TooManyDigits", "12345678s"},
                                           BadDuration{"Overflow", "99999999999999999999w"}),
                         RowName());

}  // namespace
}  // namespace apiclient::test
