#include "reconciler/rotation_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "api/conditions.h"
#include "base/rfc3339.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr hours kDay{24};

WallTime at(const std::string& text) { return parse_rfc3339(text).value(); }

std::optional<WallTime> maybe(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(at(text));
}

RotationSchedule schedule(milliseconds interval, double spread, const std::string& opens = "",
                          const std::string& zone = "UTC") {
  RotationSchedule schedule{.interval = interval, .min_age = {}, .windows = {}, .spread = spread};
  if (opens.empty()) return schedule;
  schedule.windows.push_back(
      make_rotation_window({.opens = opens, .time_zone = zone, .duration = hours(3)}, "field").value());
  return schedule;
}

// ---- when

struct TimeRow {
  std::string name;
  RotationSchedule schedule;
  std::string published;
  std::string now;
  std::string next;
  std::string announced = "";
  std::string overlap_until = "";
  bool in_line = false;
};
void PrintTo(const TimeRow& row, std::ostream* out) { *out << row.name; }
class RotationScheduleNext : public ::testing::TestWithParam<TimeRow> {};

TEST_P(RotationScheduleNext, HappensThen) {
  const TimeRow& row = GetParam();
  const RotationHistory history{.published_at = at(row.published),
                                .announced = maybe(row.announced),
                                .overlap_until = maybe(row.overlap_until),
                                .in_line = row.in_line};
  EXPECT_EQ(format_rfc3339(next_rotation(row.schedule, history, at(row.now))), row.next);
}

RotationSchedule aged(RotationSchedule schedule, milliseconds min_age) {
  schedule.min_age = min_age;
  return schedule;
}

INSTANTIATE_TEST_SUITE_P(
    Planned, RotationScheduleNext,
    ::testing::Values(TimeRow{"AfterTheInterval", schedule(10 * kDay, 0), "2026-03-01T12:00:00Z",
                              "2026-03-02T00:00:00Z", "2026-03-11T12:00:00Z"},
                      TimeRow{"PlusATenthAtMost", schedule(10 * kDay, 0.75), "2026-03-01T12:00:00Z",
                              "2026-03-02T00:00:00Z", "2026-03-12T06:00:00Z"},
                      TimeRow{"InWholeSecondsOfWhatTheStatusShows", schedule(minutes(1), 0.5),
                              "2026-03-01T12:00:00.9Z", "2026-03-01T12:00:01Z", "2026-03-01T12:01:03Z"},
                      TimeRow{"NotBeforeAFractionOfASecond", schedule(minutes(1) + milliseconds(1), 0),
                              "2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", "2026-03-01T12:01:01Z"},
                      TimeRow{"NotBeforeTheMinimumAge", aged(schedule(10 * kDay, 0), 15 * kDay),
                              "2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z", "2026-03-16T12:00:00Z"},
                      TimeRow{"AMinimumAgeBelowChangesNothing", aged(schedule(10 * kDay, 0.5), kDay),
                              "2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z", "2026-03-12T00:00:00Z"},
                      TimeRow{"NotBeforeTheEndOfTheOverlap", schedule(10 * kDay, 0), "2026-03-01T12:00:00Z",
                              "2026-03-02T00:00:00Z", "2026-03-20T01:02:03Z", "", "2026-03-20T01:02:03Z"},
                      TimeRow{"AnOverlapThatEndsBefore", schedule(10 * kDay, 0), "2026-03-01T12:00:00Z",
                              "2026-03-02T00:00:00Z", "2026-03-11T12:00:00Z", "", "2026-03-05T00:00:00Z"},
                      TimeRow{"OverAMonthEnd", schedule(30 * kDay, 0), "2027-01-31T00:00:00Z",
                              "2027-02-01T00:00:00Z", "2027-03-02T00:00:00Z"},
                      TimeRow{"OverALeapDay", schedule(30 * kDay, 0), "2028-01-31T00:00:00Z",
                              "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"}),
    test::RowName());

// 2026-03-15 and 2026-03-29 are Sundays; on the latter clocks in Berlin go forward.
INSTANTIATE_TEST_SUITE_P(
    InWindows, RotationScheduleNext,
    ::testing::Values(TimeRow{"MovedIntoTheNext", schedule(10 * kDay, 0, "0 2 * * sun"),
                              "2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z", "2026-03-15T02:00:00Z"},
                      TimeRow{"WithinOneStays", schedule(10 * kDay, 0, "0 2 * * *"), "2026-03-01T03:30:00Z",
                              "2026-03-02T00:00:00Z", "2026-03-11T03:30:00Z"},
                      TimeRow{"TheOverlapToo", schedule(10 * kDay, 0, "0 2 * * sun"), "2026-03-01T12:00:00Z",
                              "2026-03-02T00:00:00Z", "2026-03-22T02:00:00Z", "", "2026-03-15T05:00:00Z"},
                      TimeRow{"TheMinimumAgeToo", aged(schedule(10 * kDay, 0, "0 2 * * sun"), 15 * kDay),
                              "2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z", "2026-03-22T02:00:00Z"},
                      TimeRow{"InASkippedHour", schedule(10 * kDay, 0, "30 2 * * sun", "Europe/Berlin"),
                              "2026-03-14T12:00:00Z", "2026-03-15T00:00:00Z", "2026-03-29T01:00:00Z"},
                      TimeRow{"OnlyOnALeapDay", schedule(10 * kDay, 0, "0 2 29 2 *", "America/New_York"),
                              "2026-03-14T12:00:00Z", "2026-03-15T00:00:00Z", "2028-02-29T07:00:00Z"},
                      TimeRow{"ALittleLateInIt", schedule(10 * kDay, 0, "0 2 * * sun"),
                              "2026-03-01T12:00:00Z", "2026-03-15T02:05:00Z", "2026-03-15T02:00:00Z"},
                      TimeRow{"ALittleLateAndItIsClosed", schedule(10 * kDay, 0, "0 2 * * sun"),
                              "2026-03-05T04:58:00Z", "2026-03-15T05:00:00Z", "2026-03-22T02:00:00Z"},
                      TimeRow{"InLineInIt", schedule(10 * kDay, 0, "0 2 * * sun"), "2026-03-01T12:00:00Z",
                              "2026-03-15T04:59:00Z", "2026-03-15T02:00:00Z", "", "", true},
                      TimeRow{"InLineAndItIsClosed", schedule(10 * kDay, 0, "0 2 * * sun"),
                              "2026-03-01T12:00:00Z", "2026-03-15T05:00:00Z", "2026-03-22T02:00:00Z", "", "",
                              true}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    Overdue, RotationScheduleNext,
    ::testing::Values(
        TimeRow{"PunctuallyIsDue", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z", "2026-03-12T00:10:00Z",
                "2026-03-12T00:00:00Z"},
        TimeRow{"LongAgoIsPutOff", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z", "2026-03-13T00:00:00Z",
                "2026-03-13T00:30:00Z"},
        TimeRow{"ByATenthOfAShortInterval", schedule(hours(1), 0.5), "2026-03-01T12:00:00Z",
                "2026-03-13T00:00:00Z", "2026-03-13T00:03:00Z"},
        TimeRow{"InLineIsNotPutOff", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z", "2026-03-13T00:00:00Z",
                "2026-03-12T00:00:00Z", "", "", true},
        TimeRow{"InLineAfterItWasPutOff", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z",
                "2026-03-13T09:00:00Z", "2026-03-13T00:30:00Z", "2026-03-13T00:30:00Z", "", true},
        TimeRow{"ThePlanWasAnnounced", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z",
                "2026-03-13T00:00:00Z", "2026-03-13T00:30:00Z", "2026-03-12T00:00:00Z"},
        TimeRow{"WhatWasPutOffStands", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z",
                "2026-03-13T00:20:00Z", "2026-03-13T00:30:00Z", "2026-03-13T00:30:00Z"},
        TimeRow{"WhatWasPutOffIsDue", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z",
                "2026-03-13T00:31:00Z", "2026-03-13T00:30:00Z", "2026-03-13T00:30:00Z"},
        TimeRow{"MissedAgainIsPutOffAgain", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z",
                "2026-03-14T00:00:00Z", "2026-03-14T00:30:00Z", "2026-03-13T00:30:00Z"},
        TimeRow{"AnAnnouncementOfALongerIntervalIsNotKept", schedule(10 * kDay, 0.5), "2026-03-01T12:00:00Z",
                "2026-03-13T00:00:00Z", "2026-03-13T00:30:00Z", "2026-05-01T00:00:00Z"},
        TimeRow{"IntoTheNextWindow", schedule(10 * kDay, 0.5, "0 2 * * sun"), "2026-03-01T12:00:00Z",
                "2026-03-16T00:00:00Z", "2026-03-22T02:00:00Z"},
        TimeRow{"WithinTheOpenWindow", schedule(10 * kDay, 0.5, "0 2 * * sun"), "2026-03-01T12:00:00Z",
                "2026-03-15T03:00:00Z", "2026-03-15T03:30:00Z"},
        TimeRow{"WithinWhatIsLeftOfIt", schedule(10 * kDay, 0.5, "0 2 * * sun"), "2026-03-01T12:00:00Z",
                "2026-03-15T04:50:00Z", "2026-03-15T04:55:00Z"},
        TimeRow{"TheNextWindowHasCome", schedule(10 * kDay, 0.5, "0 2 * * sun"), "2026-03-01T12:00:00Z",
                "2026-03-22T02:00:03Z", "2026-03-22T02:00:00Z", "2026-03-22T02:00:00Z"},
        TimeRow{"TheNextWindowIsMissedToo", schedule(10 * kDay, 0.5, "0 2 * * sun"), "2026-03-01T12:00:00Z",
                "2026-03-22T06:00:00Z", "2026-03-29T02:00:00Z", "2026-03-22T02:00:00Z"}),
    test::RowName());

TEST(RotationSchedule, WhatIsPlannedDependsOnThePublicationAlone) {
  const RotationSchedule under_test = schedule(10 * kDay, 0.5, "0 2 * * sun");
  const WallTime published = at("2026-03-01T12:00:00.9Z");
  EXPECT_EQ(planned_time(under_test, published), at("2026-03-15T02:00:00Z"));
  EXPECT_EQ(next_rotation(under_test, {.published_at = published}, at("2026-03-02T00:00:00Z")),
            planned_time(under_test, published));
}

TEST(RotationSchedule, OverdueOnesArePutOffOnceAndThenHappen) {
  const RotationSchedule under_test = schedule(10 * kDay, 0.9);
  RotationHistory history{.published_at = at("2026-03-01T12:00:00Z")};
  WallTime now = at("2026-03-20T00:00:00.7Z");
  const WallTime announced = next_rotation(under_test, history, now);
  history.announced = announced;
  for (; now < announced; now += seconds(7)) EXPECT_EQ(next_rotation(under_test, history, now), announced);
  EXPECT_LE(next_rotation(under_test, history, now), now);
}

TEST(RotationSchedule, InAWindowThatClosesOverdueOnesComeBeforeItDoes) {
  const WallTime now = at("2026-03-15T04:57:00Z");
  for (const double spread : {0.0, 0.25, 0.5, 0.999}) {
    const RotationHistory history{.published_at = at("2026-03-01T12:00:00Z")};
    const WallTime next = next_rotation(schedule(10 * kDay, spread, "0 2 * * sun"), history, now);
    EXPECT_LT(next, at("2026-03-15T05:00:00Z"));
  }
}

// ---- spread

struct SpreadRow {
  std::string name;
  std::string installation;
  kube::ObjectKey client;
  double spread;
};
void PrintTo(const SpreadRow& row, std::ostream* out) { *out << row.name; }
class StableSpread : public ::testing::TestWithParam<SpreadRow> {};

// Every announced time would move if these did.
TEST_P(StableSpread, NeverChanges) {
  EXPECT_DOUBLE_EQ(stable_spread(GetParam().installation, GetParam().client), GetParam().spread);
}

INSTANTIATE_TEST_SUITE_P(
    KnownAnswers, StableSpread,
    ::testing::Values(SpreadRow{"One", "installation-1", {"team-a", "invoices"}, 0.36848672500186364},
                      SpreadRow{"Neighbour", "installation-1", {"team-a", "invoices-2"}, 0.27874300737575197},
                      SpreadRow{"Short", "a", {"b", "c"}, 0.8414685396479505},
                      SpreadRow{"Hexadecimal", "0b5e8c1e", {"default", "web"}, 0.9147918537729921}),
    test::RowName());

TEST(StableSpread, IsEven) {
  constexpr int kClients = 1000;
  std::vector<int> tenths(10);
  for (int number = 0; number < kClients; ++number) {
    const double spread = stable_spread("installation", {"team-a", "client-" + std::to_string(number)});
    ++tenths.at(static_cast<std::size_t>(std::floor(spread * 10)));
  }
  EXPECT_THAT(tenths, ::testing::Each(::testing::AllOf(::testing::Gt(60), ::testing::Lt(140))));
}

// ---- from the spec

api::RotationSpec every(milliseconds interval) { return {.interval = interval}; }

Scheduling make(const api::RotationSpec& spec) {
  return make_schedule({.spec = spec, .registry = "main", .min_interval = hours(1), .spread = 0.5});
}

TEST(MakeSchedule, WithoutAnIntervalThereIsNone) {
  EXPECT_TRUE(std::holds_alternative<NoSchedule>(make({.windows = {{.opens = "0 2 * * sun"}}})));
}

TEST(MakeSchedule, TakesWhatTheSpecSays) {
  api::RotationSpec spec = every(30 * kDay);
  spec.min_age = hours(12);
  spec.windows = {{.opens = "0 2 * * sun", .time_zone = "Europe/Berlin", .duration = hours(3)},
                  {.opens = "0 12 * * *", .duration = hours(1)}};
  const Scheduling made = make(spec);
  const auto* schedule = std::get_if<RotationSchedule>(&made);
  ASSERT_NE(schedule, nullptr);
  EXPECT_EQ(schedule->interval, 30 * kDay);
  EXPECT_EQ(schedule->min_age, hours(12));
  EXPECT_EQ(schedule->spread, 0.5);
  EXPECT_EQ(next_open(schedule->windows, at("2026-07-11T20:00:00Z")), at("2026-07-12T00:00:00Z"));
}

struct MistakeRow {
  std::string name;
  api::RotationSpec spec;
  std::string_view reason;
  std::string message;
};
void PrintTo(const MistakeRow& row, std::ostream* out) { *out << row.name; }
class ScheduleMistakes : public ::testing::TestWithParam<MistakeRow> {};

TEST_P(ScheduleMistakes, AreRefusedNamingTheField) {
  const Scheduling made = make(GetParam().spec);
  const auto* refusal = std::get_if<Refusal>(&made);
  ASSERT_NE(refusal, nullptr);
  EXPECT_EQ(refusal->reason, GetParam().reason);
  EXPECT_THAT(refusal->message, StartsWith(GetParam().message));
  EXPECT_TRUE(refusal->stalled);
}

api::RotationSpec with_second_window(const api::RotationWindowSpec& window) {
  api::RotationSpec spec = every(kDay);
  spec.windows = {{.opens = "0 2 * * *", .duration = hours(1)}, window};
  return spec;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ScheduleMistakes,
    ::testing::Values(
        MistakeRow{
            "TooFrequent", every(minutes(59)), api::reason::kRotationTooFrequent,
            "spec.rotation.interval: 59m is shorter than 1h, the minRotationInterval of registry main; "
            "lengthen it"},
        MistakeRow{"Cron", with_second_window({.opens = "0 2 * * sunday", .duration = hours(1)}),
                   api::reason::kRotationScheduleInvalid, "spec.rotation.windows[1].opens: day of week"},
        MistakeRow{"NeverOpens", with_second_window({.opens = "0 2 31 6 *", .duration = hours(1)}),
                   api::reason::kRotationScheduleInvalid,
                   "spec.rotation.windows[1].opens: \"0 2 31 6 *\" never"},
        MistakeRow{"UnknownZone",
                   with_second_window({.opens = "0 2 * * *", .time_zone = "Mars/Base", .duration = hours(1)}),
                   api::reason::kRotationScheduleInvalid,
                   "spec.rotation.windows[1].timeZone: \"Mars/Base\""}),
    test::RowName());

TEST(MakeSchedule, TheShortestIntervalIsAllowed) {
  EXPECT_TRUE(std::holds_alternative<RotationSchedule>(make(every(hours(1)))));
}

TEST(EffectiveOverlap, IsGivenOrAnHourOrTheInterval) {
  EXPECT_EQ(effective_overlap({}, {}), hours(1));
  EXPECT_EQ(effective_overlap(every(kDay), {}), hours(1));
  EXPECT_EQ(effective_overlap(every(minutes(20)), {}), minutes(20));
  api::RotationSpec given = every(kDay);
  given.overlap = milliseconds(0);
  EXPECT_EQ(effective_overlap(given, {}), milliseconds(0));
  given.overlap = 7 * kDay;
  EXPECT_EQ(effective_overlap(given, {}), 7 * kDay);
}

TEST(EffectiveOverlap, IsNoLongerThanTheRegistryAllows) {
  EXPECT_EQ(effective_overlap({}, minutes(10)), minutes(10));
  EXPECT_EQ(effective_overlap({}, 2 * kDay), hours(1));
}

TEST(MakeSchedule, ASecretThatEndsByItselfIsReplacedBefore) {
  const auto interval = [](const api::RotationSpec& spec) {
    const Scheduling made = make_schedule({.spec = spec,
                                           .registry = "main",
                                           .min_interval = 7 * kDay,
                                           .spread = 0.5,
                                           .longest_interval = 20 * kDay});
    return std::get<RotationSchedule>(made).interval;
  };
  EXPECT_EQ(interval({}), 20 * kDay) << "though nobody has asked for it";
  EXPECT_EQ(interval(every(30 * kDay)), 20 * kDay);
  EXPECT_EQ(interval(every(10 * kDay)), 10 * kDay);
}

}  // namespace
}  // namespace apiclient::reconciler
