#include "base/rfc3339.h"

#include <gmock/gmock.h>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;

WallTime at(std::chrono::sys_days day, std::chrono::nanoseconds of_day = 0ns) {
  return WallTime(day.time_since_epoch() + std::chrono::duration_cast<WallTime::duration>(of_day));
}
constexpr auto kDay = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2);

struct TimeText {
  std::string name;
  std::string text;
  WallTime time;
};
void PrintTo(const TimeText& row, std::ostream* out) { *out << row.name; }

class Rfc3339Parse : public ::testing::TestWithParam<TimeText> {};

TEST_P(Rfc3339Parse, ReadsTheTime) {
  const auto parsed = parse_rfc3339(GetParam().text);
  ASSERT_THAT(parsed, is_ok());
  EXPECT_EQ(*parsed, GetParam().time);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Rfc3339Parse,
    ::testing::Values(TimeText{"WholeSeconds", "2026-01-02T03:04:05Z", at(kDay, 3h + 4min + 5s)},
                      TimeText{"Microseconds", "2026-01-02T00:00:00.000001Z", at(kDay, 1us)},
                      TimeText{"Nanoseconds", "2026-01-02T00:00:00.123456789Z", at(kDay, 123'456'789ns)},
                      TimeText{"OneDigit", "2026-01-02T00:00:00.5Z", at(kDay, 500ms)},
                      TimeText{"OffsetEast", "2026-01-02T02:00:00+02:00", at(kDay)},
                      TimeText{"OffsetWest", "2026-01-01T18:30:00-05:30", at(kDay)},
                      TimeText{"LowerCase", "2026-01-02t00:00:00z", at(kDay)},
                      TimeText{"LeapDay", "2024-02-29T00:00:00Z", at(std::chrono::year(2024) / 2 / 29)},
                      TimeText{"LeapSecond", "2016-12-31T23:59:60Z", at(std::chrono::year(2017) / 1 / 1)},
                      TimeText{"BeforeTheEpoch", "1969-12-31T23:59:59Z", WallTime(-1s)}),
    RowName());

struct BadTime {
  std::string name;
  std::string text;
};
void PrintTo(const BadTime& row, std::ostream* out) { *out << row.name; }

class Rfc3339Refuse : public ::testing::TestWithParam<BadTime> {};

TEST_P(Rfc3339Refuse, OtherTexts) {
  EXPECT_THAT(parse_rfc3339(GetParam().text), has_error(ErrorKind::invalid));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Rfc3339Refuse,
    ::testing::Values(
        BadTime{"Empty", ""}, BadTime{"DateOnly", "2026-01-02"}, BadTime{"NoZone", "2026-01-02T03:04:05"},
        BadTime{"MonthThirteen", "2026-13-02T03:04:05Z"}, BadTime{"NoLeapDay", "2026-02-29T03:04:05Z"},
        BadTime{"HourTwentyFour", "2026-01-02T24:00:00Z"}, BadTime{"MinuteSixty", "2026-01-02T03:60:05Z"},
        BadTime{"TenDigits", "2026-01-02T03:04:05.0123456789Z"},
        BadTime{"NoDigitsAfterPoint", "2026-01-02T03:04:05.Z"}, BadTime{"Trailing", "2026-01-02T03:04:05Zx"},
        BadTime{"Negative", "-026-01-02T03:04:05Z"}, BadTime{"OffsetHalf", "2026-01-02T03:04:05+02"},
        BadTime{"OffsetTooLarge", "2026-01-02T03:04:05+24:00"},
        BadTime{"OffsetMinutesTooLarge", "2026-01-02T03:04:05+02:60"}, BadTime{"Letters", "yesterday"}),
    RowName());

TEST(Rfc3339, WritesWholeSecondsAndExactlySixDigits) {
  EXPECT_EQ(format_rfc3339(at(kDay, 3h + 4min + 5s + 999ms)), "2026-01-02T03:04:05Z");
  EXPECT_EQ(format_rfc3339_micro(at(kDay, 3h + 4min + 5s)), "2026-01-02T03:04:05.000000Z");
  EXPECT_EQ(format_rfc3339_micro(at(kDay, 7us)), "2026-01-02T00:00:00.000007Z");
  EXPECT_EQ(format_rfc3339_micro(at(kDay, 999'999'999ns)), "2026-01-02T00:00:00.999999Z");
  EXPECT_EQ(format_rfc3339(WallTime(-1s)), "1969-12-31T23:59:59Z");
}

TEST(Rfc3339, WhatIsWrittenIsReadBack) {
  for (const auto offset : {0ns, 1000ns, 123'456'000ns}) {
    const WallTime time = at(kDay, 23h + 59min + 59s + offset);
    EXPECT_EQ(*parse_rfc3339(format_rfc3339_micro(time)), time);
  }
}

}  // namespace
}  // namespace apiclient::test
