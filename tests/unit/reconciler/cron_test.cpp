#include "reconciler/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rfc3339.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using ::testing::HasSubstr;

LocalMinute local(const std::string& text) {
  return LocalMinute(
      std::chrono::floor<std::chrono::minutes>(parse_rfc3339(text + ":00Z").value().time_since_epoch()));
}

std::string text_of(LocalMinute time) {
  return format_rfc3339(WallTime(time.time_since_epoch())).substr(0, 16);
}

struct MatchRow {
  std::string name;
  std::string cron;
  std::string from;
  std::vector<std::string> matches;  ///< the first of them; none: it never comes
};
void PrintTo(const MatchRow& row, std::ostream* out) { *out << row.cron; }
class CronMatches : public ::testing::TestWithParam<MatchRow> {};

TEST_P(CronMatches, ComeInOrder) {
  const auto cron = parse_cron(GetParam().cron);
  ASSERT_THAT(cron, test::is_ok());
  LocalMinute from = local(GetParam().from);
  for (const std::string& expected : GetParam().matches) {
    const auto match = next_match(*cron, from);
    ASSERT_TRUE(match);
    EXPECT_EQ(text_of(*match), expected);
    from = *match + std::chrono::minutes(1);
  }
  EXPECT_EQ(next_match(*cron, from).has_value(), !GetParam().matches.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Calendar, CronMatches,
    ::testing::Values(
        MatchRow{"EveryMinute",
                 "* * * * *",
                 "2026-03-15T10:07",
                 {"2026-03-15T10:07", "2026-03-15T10:08", "2026-03-15T10:09"}},
        MatchRow{"Weekly",
                 "0 2 * * sun",
                 "2026-03-11T10:00",
                 {"2026-03-15T02:00", "2026-03-22T02:00", "2026-03-29T02:00"}},
        MatchRow{"AtTheVeryMinute",
                 "30 2 * * *",
                 "2026-03-11T02:30",
                 {"2026-03-11T02:30", "2026-03-12T02:30", "2026-03-13T02:30"}},
        MatchRow{"AMinuteLate",
                 "30 2 * * *",
                 "2026-03-11T02:31",
                 {"2026-03-12T02:30", "2026-03-13T02:30", "2026-03-14T02:30"}},
        MatchRow{"List",
                 "5,10,50 4 * * *",
                 "2026-03-11T04:10",
                 {"2026-03-11T04:10", "2026-03-11T04:50", "2026-03-12T04:05"}},
        MatchRow{"Range",
                 "0 22-23 * * *",
                 "2026-12-31T22:30",
                 {"2026-12-31T23:00", "2027-01-01T22:00", "2027-01-01T23:00"}},
        MatchRow{"Step",
                 "*/20 * * * *",
                 "2026-03-11T23:50",
                 {"2026-03-12T00:00", "2026-03-12T00:20", "2026-03-12T00:40"}},
        MatchRow{"StepOfARange",
                 "10-30/10 6 * * *",
                 "2026-03-11T06:11",
                 {"2026-03-11T06:20", "2026-03-11T06:30", "2026-03-12T06:10"}},
        MatchRow{"StepFromAValue",
                 "45/5 * * * *",
                 "2026-03-11T06:51",
                 {"2026-03-11T06:55", "2026-03-11T07:45", "2026-03-11T07:50"}},
        MatchRow{"StepOfHours",
                 "0 */7 * * *",
                 "2026-03-11T15:00",
                 {"2026-03-11T21:00", "2026-03-12T00:00", "2026-03-12T07:00"}},
        MatchRow{"LastDayOfLongMonths",
                 "0 0 31 * *",
                 "2026-01-31T00:01",
                 {"2026-03-31T00:00", "2026-05-31T00:00", "2026-07-31T00:00"}},
        MatchRow{"TheThirtieth",
                 "0 0 30 * *",
                 "2026-01-31T00:00",
                 {"2026-03-30T00:00", "2026-04-30T00:00", "2026-05-30T00:00"}},
        MatchRow{"LeapDay", "0 12 29 2 *", "2026-03-01T00:00", {"2028-02-29T12:00", "2032-02-29T12:00"}},
        MatchRow{"LeapDayAcross2100", "0 0 29 2 *", "2096-03-01T00:00", {"2104-02-29T00:00"}},
        MatchRow{"MonthByName",
                 "15 3 1 jan,JUL *",
                 "2026-01-02T00:00",
                 {"2026-07-01T03:15", "2027-01-01T03:15", "2027-07-01T03:15"}},
        MatchRow{"RangeOfMonthNames",
                 "0 0 1 nov-dec *",
                 "2026-03-01T00:00",
                 {"2026-11-01T00:00", "2026-12-01T00:00", "2027-11-01T00:00"}},
        MatchRow{"RangeOfDayNames",
                 "0 8 * * mon-fri",
                 "2026-03-13T08:01",
                 {"2026-03-16T08:00", "2026-03-17T08:00", "2026-03-18T08:00"}},
        MatchRow{"SundayAsSeven",
                 "0 8 * * 7",
                 "2026-03-11T00:00",
                 {"2026-03-15T08:00", "2026-03-22T08:00", "2026-03-29T08:00"}},
        MatchRow{"SundayAsZero",
                 "0 8 * * 0",
                 "2026-03-11T00:00",
                 {"2026-03-15T08:00", "2026-03-22T08:00", "2026-03-29T08:00"}},
        MatchRow{"RangeToSeven",
                 "0 8 * * 5-7",
                 "2026-03-14T09:00",
                 {"2026-03-15T08:00", "2026-03-20T08:00", "2026-03-21T08:00"}},
        MatchRow{"RangeToSundayByName",
                 "0 8 * * sat-sun",
                 "2026-03-14T09:00",
                 {"2026-03-15T08:00", "2026-03-21T08:00", "2026-03-22T08:00"}},
        MatchRow{"EitherDay",
                 "0 0 12 * fri",
                 "2026-02-28T00:00",
                 {"2026-03-06T00:00", "2026-03-12T00:00", "2026-03-13T00:00"}},
        MatchRow{"OnlyDayOfMonth",
                 "0 0 12 * *",
                 "2026-02-28T00:00",
                 {"2026-03-12T00:00", "2026-04-12T00:00", "2026-05-12T00:00"}},
        MatchRow{"OnlyDayOfWeek",
                 "0 0 * * fri",
                 "2026-02-28T00:00",
                 {"2026-03-06T00:00", "2026-03-13T00:00", "2026-03-20T00:00"}},
        MatchRow{"StarInAList",
                 "0 0 13 * fri,*",
                 "2026-02-28T00:00",
                 {"2026-03-13T00:00", "2026-04-13T00:00", "2026-05-13T00:00"}},
        MatchRow{"StarByOnes",
                 "0 0 */1 * fri",
                 "2026-02-28T00:00",
                 {"2026-03-06T00:00", "2026-03-13T00:00", "2026-03-20T00:00"}},
        MatchRow{"StepRestricts",
                 "0 0 */15 * fri",
                 "2026-02-28T00:00",
                 {"2026-03-01T00:00", "2026-03-06T00:00", "2026-03-13T00:00"}},
        MatchRow{"MonthRestrictsBoth",
                 "0 0 12 mar fri",
                 "2026-03-07T00:00",
                 {"2026-03-12T00:00", "2026-03-13T00:00", "2026-03-20T00:00"}},
        MatchRow{"EndOfYear",
                 "59 23 31 12 *",
                 "2026-12-31T23:59",
                 {"2026-12-31T23:59", "2027-12-31T23:59", "2028-12-31T23:59"}},
        MatchRow{"NoFebruaryThirtieth", "0 0 30 2 *", "2026-01-01T00:00", {}},
        MatchRow{"NoJuneThirtyFirst", "0 0 31 4,6,9,11 *", "2026-01-01T00:00", {}},
        MatchRow{"ThirtyFirstOrMonday",
                 "0 0 31 6 mon",
                 "2026-06-20T00:00",
                 {"2026-06-22T00:00", "2026-06-29T00:00", "2027-06-07T00:00"}}),
    test::RowName());

struct MistakeRow {
  std::string name;
  std::string cron;
  std::string message;
};
void PrintTo(const MistakeRow& row, std::ostream* out) { *out << row.cron; }
class CronMistakes : public ::testing::TestWithParam<MistakeRow> {};

TEST_P(CronMistakes, NameTheWrongPart) {
  EXPECT_THAT(parse_cron(GetParam().cron),
              test::has_error_text(ErrorKind::invalid, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Grammar, CronMistakes,
    ::testing::Values(
        MistakeRow{"FourFields", "0 2 * *", "there are 4 fields; needed are five"},
        MistakeRow{"SixFields", "0 0 2 * * sun", "there are 6 fields"},
        MistakeRow{"TwoSpaces", "0  2 * * sun", "there are 6 fields"},
        MistakeRow{"Nothing", "", "there are 1 fields"},
        MistakeRow{"Minute", "60 2 * * *", "minute \"60\": \"60\" is not one of 0 to 59"},
        MistakeRow{"Hour", "0 24 * * *", "hour \"24\": \"24\" is not one of 0 to 23"},
        MistakeRow{"DayOfMonthZero", "0 2 0 * *", "day of month \"0\": \"0\" is not one of 1 to 31"},
        MistakeRow{"DayOfMonth", "0 2 32 * *", "day of month \"32\": \"32\" is not one of 1 to 31"},
        MistakeRow{"Month", "0 2 1 13 *", "month \"13\": \"13\" is not one of 1 to 12 or jan to dec"},
        MistakeRow{"DayOfWeek", "0 2 * * 8", "day of week \"8\": \"8\" is not one of 0 to 7 or sun to sat"},
        MistakeRow{"LongName", "0 2 * * sunday", "day of week \"sunday\""},
        MistakeRow{"NameOfAnotherField", "0 2 * mon *", "month \"mon\""},
        MistakeRow{"NameOfAnHour", "0 jan * * *", "hour \"jan\": \"jan\" is not one of 0 to 23"},
        MistakeRow{"SecondItem", "0 2,x * * *", "hour \"x\""},
        MistakeRow{"EmptyItem", "0, 2 * * *", "minute \"\""},
        MistakeRow{"EndOfRange", "0 2-30 * * *", "hour \"2-30\": \"30\" is not one of"},
        MistakeRow{"OpenRange", "0 2- * * *", "hour \"2-\": \"\" is not one of"},
        MistakeRow{"Negative", "0 -2 * * *", "hour \"-2\": \"\" is not one of"},
        MistakeRow{"ThreeEnds", "1-2-3 2 * * *", "minute \"1-2-3\": a range has two ends"},
        MistakeRow{"Backwards", "0 22-3 * * *", "hour \"22-3\": the range ends before it begins"},
        MistakeRow{"BackwardsToSundayAsMonth", "0 0 * dec-jan *", "month \"dec-jan\": the range ends"},
        MistakeRow{"StepOfZero", "*/0 2 * * *", "minute \"*/0\": the step \"0\" is not one of 1 to 59"},
        MistakeRow{"StepTooLong", "*/90 2 * * *", "minute \"*/90\": the step \"90\" is not one of 1 to 59"},
        MistakeRow{"NoStep", "*/ 2 * * *", "minute \"*/\": the step \"\""},
        MistakeRow{"TwoSteps", "*/2/2 2 * * *", "minute \"*/2/2\": an item has one step"},
        MistakeRow{"RangeOfStars", "*-5 2 * * *", "minute \"*-5\": \"*\" is not one of"},
        MistakeRow{"LastDay", "0 2 L * *", "day of month \"L\""}),
    test::RowName());

}  // namespace
}  // namespace apiclient::reconciler
