#include "reconciler/rotation_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rfc3339.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;

WallTime at(const std::string& text) { return parse_rfc3339(text).value(); }

RotationWindow window(const std::string& opens, const std::string& zone = "UTC",
                      std::chrono::milliseconds duration = hours(3)) {
  return make_rotation_window({.opens = opens, .time_zone = zone, .duration = duration}, "field").value();
}

std::string text_of(const std::optional<WallTime>& time) { return time ? format_rfc3339(*time) : "closed"; }

struct OpeningRow {
  std::string name;
  std::string opens;
  std::string zone;
  std::string from;
  std::vector<std::string> openings;  ///< the first of them
};
void PrintTo(const OpeningRow& row, std::ostream* out) { *out << row.opens << " in " << row.zone; }
class RotationWindowOpenings : public ::testing::TestWithParam<OpeningRow> {};

TEST_P(RotationWindowOpenings, ComeInOrder) {
  const RotationWindow under_test = window(GetParam().opens, GetParam().zone);
  WallTime from = at(GetParam().from);
  for (const std::string& expected : GetParam().openings) {
    const WallTime opening = under_test.next_opening(from);
    EXPECT_EQ(format_rfc3339(opening), expected);
    from = opening + WallTime::duration(1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Zones, RotationWindowOpenings,
    ::testing::Values(
        OpeningRow{"Utc",
                   "0 2 * * sun",
                   "UTC",
                   "2026-03-11T10:00:00Z",
                   {"2026-03-15T02:00:00Z", "2026-03-22T02:00:00Z"}},
        OpeningRow{"Winter",
                   "0 2 * * *",
                   "Europe/Berlin",
                   "2026-01-10T00:00:00Z",
                   {"2026-01-10T01:00:00Z", "2026-01-11T01:00:00Z"}},
        OpeningRow{"Summer",
                   "0 2 * * *",
                   "Europe/Berlin",
                   "2026-07-10T00:00:00Z",
                   {"2026-07-10T00:00:00Z", "2026-07-11T00:00:00Z"}},
        OpeningRow{"QuarterHours",
                   "0 2 * * *",
                   "Asia/Kathmandu",
                   "2026-07-10T00:00:00Z",
                   {"2026-07-10T20:15:00Z", "2026-07-11T20:15:00Z"}},
        OpeningRow{"WestOfGreenwich",
                   "0 22 * * fri",
                   "America/New_York",
                   "2026-07-10T00:00:00Z",
                   {"2026-07-11T02:00:00Z", "2026-07-18T02:00:00Z"}},
        OpeningRow{"BerlinSpringInTheGap",
                   "30 2 * * *",
                   "Europe/Berlin",
                   "2026-03-28T00:00:00Z",
                   {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
        OpeningRow{"BerlinSpringAtItsEnd",
                   "0 3 * * *",
                   "Europe/Berlin",
                   "2026-03-28T12:00:00Z",
                   {"2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"}},
        OpeningRow{"BerlinSpringAroundTheGap",
                   "59 1 * * *",
                   "Europe/Berlin",
                   "2026-03-28T12:00:00Z",
                   {"2026-03-29T00:59:00Z", "2026-03-29T23:59:00Z"}},
        OpeningRow{"BerlinSpringAtTheSkip",
                   "30 2 * * *",
                   "Europe/Berlin",
                   "2026-03-29T01:00:00Z",
                   {"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
        OpeningRow{"BerlinSpringAfterTheSkip",
                   "30 2 * * *",
                   "Europe/Berlin",
                   "2026-03-29T01:01:00Z",
                   {"2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"}},
        OpeningRow{"BerlinSpringEveryTwentyMinutes",
                   "*/20 1-3 * * *",
                   "Europe/Berlin",
                   "2026-03-29T00:20:00Z",
                   {"2026-03-29T00:20:00Z", "2026-03-29T00:40:00Z", "2026-03-29T01:00:00Z",
                    "2026-03-29T01:20:00Z", "2026-03-29T01:40:00Z"}},
        OpeningRow{"BerlinAutumnTwice",
                   "30 2 * * *",
                   "Europe/Berlin",
                   "2026-10-24T12:00:00Z",
                   {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
        OpeningRow{"BerlinAutumnBetween",
                   "30 2 * * *",
                   "Europe/Berlin",
                   "2026-10-25T00:31:00Z",
                   {"2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"}},
        OpeningRow{"BerlinAutumnSecondTime",
                   "30 2 * * *",
                   "Europe/Berlin",
                   "2026-10-25T01:30:00Z",
                   {"2026-10-26T01:30:00Z"}},
        OpeningRow{"BerlinAutumnAtItsEnd",
                   "0 3 * * *",
                   "Europe/Berlin",
                   "2026-10-24T12:00:00Z",
                   {"2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"}},
        OpeningRow{
            "BerlinAutumnHourly",
            "0 * * * *",
            "Europe/Berlin",
            "2026-10-24T23:30:00Z",
            {"2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z", "2026-10-25T04:00:00Z"}},
        OpeningRow{"NewYorkSpring",
                   "30 2 * * *",
                   "America/New_York",
                   "2026-03-07T12:00:00Z",
                   {"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
        OpeningRow{"NewYorkAutumn",
                   "30 1 * * *",
                   "America/New_York",
                   "2026-10-31T12:00:00Z",
                   {"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
        OpeningRow{"HalfAnHourSkipped",
                   "15 2 * * *",
                   "Australia/Lord_Howe",
                   "2026-10-02T18:00:00Z",
                   {"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z", "2026-10-05T15:15:00Z"}},
        OpeningRow{"HalfAnHourTwice",
                   "45 1 * * *",
                   "Australia/Lord_Howe",
                   "2026-04-03T18:00:00Z",
                   {"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z", "2026-04-06T15:15:00Z"}},
        OpeningRow{
            "ADaySkipped", "0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", {"2011-12-30T10:00:00Z"}},
        OpeningRow{
            "LeapDay", "0 0 29 2 *", "Europe/Berlin", "2027-12-01T00:00:00Z", {"2028-02-28T23:00:00Z"}},
        OpeningRow{"MonthEnd",
                   "0 0 31 * *",
                   "America/New_York",
                   "2026-03-01T00:00:00Z",
                   {"2026-03-31T04:00:00Z", "2026-05-31T04:00:00Z", "2026-07-31T04:00:00Z"}},
        OpeningRow{
            "TenYearsOn", "0 2 * * *", "Europe/Berlin", "2036-07-10T00:00:00Z", {"2036-07-10T00:00:00Z"}}),
    test::RowName());

struct OpenRow {
  std::string name;
  std::string opens;
  std::string zone;
  std::chrono::milliseconds duration;
  std::string time;
  std::string until;
};
void PrintTo(const OpenRow& row, std::ostream* out) { *out << row.opens << " at " << row.time; }
class RotationWindowIsOpen : public ::testing::TestWithParam<OpenRow> {};

TEST_P(RotationWindowIsOpen, FromItsOpeningForItsDuration) {
  const OpenRow& row = GetParam();
  EXPECT_EQ(text_of(window(row.opens, row.zone, row.duration).open_until(at(row.time))), row.until);
}

INSTANTIATE_TEST_SUITE_P(
    Times, RotationWindowIsOpen,
    ::testing::Values(
        OpenRow{"Before", "0 2 * * *", "UTC", hours(3), "2026-03-11T01:59:59.999Z", "closed"},
        OpenRow{"AtItsOpening", "0 2 * * *", "UTC", hours(3), "2026-03-11T02:00:00Z", "2026-03-11T05:00:00Z"},
        OpenRow{"JustBeforeItsEnd", "0 2 * * *", "UTC", hours(3), "2026-03-11T04:59:59.999Z",
                "2026-03-11T05:00:00Z"},
        OpenRow{"AtItsEnd", "0 2 * * *", "UTC", hours(3), "2026-03-11T05:00:00Z", "closed"},
        OpenRow{"AcrossMidnight", "30 23 * * *", "UTC", hours(1), "2026-03-12T00:29:00Z",
                "2026-03-12T00:30:00Z"},
        OpenRow{"AcrossTheYear", "0 23 31 12 *", "UTC", hours(2), "2027-01-01T00:30:00Z",
                "2027-01-01T01:00:00Z"},
        OpenRow{"LongerThanADay", "0 0 * * sat", "UTC", hours(48), "2026-03-15T23:59:00Z",
                "2026-03-16T00:00:00Z"},
        OpenRow{"OpensAgainWhileOpen", "0 0 * * *", "UTC", hours(48), "2026-03-15T12:00:00Z",
                "2026-03-16T00:00:00Z"},
        OpenRow{"FromTheEndOfTheGap", "30 2 * * *", "Europe/Berlin", hours(1), "2026-03-29T01:59:59Z",
                "2026-03-29T02:00:00Z"},
        OpenRow{"NotLonger", "30 2 * * *", "Europe/Berlin", hours(1), "2026-03-29T02:00:00Z", "closed"},
        OpenRow{"AcrossTheGap", "0 1 * * *", "Europe/Berlin", hours(3), "2026-03-29T02:59:59Z",
                "2026-03-29T03:00:00Z"},
        OpenRow{"TheFirstTime", "30 2 * * *", "Europe/Berlin", minutes(30), "2026-10-25T00:45:00Z",
                "2026-10-25T01:00:00Z"},
        OpenRow{"NotTheSecondTime", "30 2 * * *", "Europe/Berlin", minutes(30), "2026-10-25T01:45:00Z",
                "closed"},
        OpenRow{"AcrossTheRepeatedHour", "0 1 * * *", "Europe/Berlin", hours(3), "2026-10-25T01:59:59Z",
                "2026-10-25T02:00:00Z"}),
    test::RowName());

struct MistakeRow {
  std::string name;
  std::string opens;
  std::string zone;
  std::string message;
};
void PrintTo(const MistakeRow& row, std::ostream* out) { *out << row.name; }
class RotationWindowMistakes : public ::testing::TestWithParam<MistakeRow> {};

TEST_P(RotationWindowMistakes, NameTheField) {
  EXPECT_THAT(
      make_rotation_window({.opens = GetParam().opens, .time_zone = GetParam().zone, .duration = hours(1)},
                           "spec.rotation.windows[1]"),
      test::has_error_text(ErrorKind::invalid, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, RotationWindowMistakes,
    ::testing::Values(
        MistakeRow{"Cron", "0 25 * * *", "UTC", "spec.rotation.windows[1].opens: hour \"25\""},
        MistakeRow{"NeverOpens", "0 0 30 2 *", "UTC",
                   "spec.rotation.windows[1].opens: \"0 0 30 2 *\" never comes"},
        MistakeRow{"UnknownZone", "0 0 * * *", "Europe/Berlim",
                   "spec.rotation.windows[1].timeZone: \"Europe/Berlim\" is not in"},
        MistakeRow{"NoZone", "0 0 * * *", "", "spec.rotation.windows[1].timeZone: \"\""},
        MistakeRow{"ZoneInLowerCase", "0 0 * * *", "europe/berlin", "use an IANA name, as Europe/Berlin"},
        MistakeRow{"AFileThatIsNoZone", "0 0 * * *", "zone.tab", "spec.rotation.windows[1].timeZone"},
        MistakeRow{"APath", "0 0 * * *", "../zoneinfo/UTC", "spec.rotation.windows[1].timeZone"}),
    test::RowName());

RotationWindows night_and_noon() { return {window("0 2 * * *"), window("0 12 * * *", "UTC", hours(1))}; }

TEST(RotationWindows, NoneIsOpenAtAnyTime) {
  EXPECT_EQ(next_open({}, at("2026-03-11T09:00:00Z")), at("2026-03-11T09:00:00Z"));
  EXPECT_EQ(open_until({}, at("2026-03-11T09:00:00Z")), std::nullopt);
}

TEST(RotationWindows, OpenWhenAnyOfThemIs) {
  const WallTime in_the_second = at("2026-03-11T12:30:00Z");
  EXPECT_EQ(next_open(night_and_noon(), in_the_second), in_the_second);
  EXPECT_EQ(open_until(night_and_noon(), in_the_second), at("2026-03-11T13:00:00Z"));
}

TEST(RotationWindows, TheNextToOpenCounts) {
  EXPECT_EQ(next_open(night_and_noon(), at("2026-03-11T09:00:00Z")), at("2026-03-11T12:00:00Z"));
  EXPECT_EQ(next_open(night_and_noon(), at("2026-03-11T13:00:00Z")), at("2026-03-12T02:00:00Z"));
}

TEST(RotationWindows, TheLongestOpenOneCounts) {
  const RotationWindows both = {window("0 2 * * *"), window("0 3 * * *", "UTC", hours(4))};
  EXPECT_EQ(open_until(both, at("2026-03-11T04:00:00Z")), at("2026-03-11T07:00:00Z"));
}

}  // namespace
}  // namespace apiclient::reconciler
