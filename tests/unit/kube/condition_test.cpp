#include "kube/condition.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/rfc3339.h"

namespace apiclient::kube {
namespace {

const WallTime kThen = *parse_rfc3339("2026-01-02T03:04:05Z");
const WallTime kNow = *parse_rfc3339("2026-01-02T04:00:00.75Z");
const WallTime kNowInSeconds = *parse_rfc3339("2026-01-02T04:00:00Z");

struct Row {
  const char* name;
  std::vector<Condition> before;
  ConditionStatus set_to;
  WallTime transition;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

Condition ready(ConditionStatus status) {
  return {.type = "Ready", .status = status, .reason = "Old", .last_transition_time = kThen};
}

class SetConditionTest : public testing::TestWithParam<Row> {};

TEST_P(SetConditionTest, TransitionTimeMovesOnlyWhenTheStatusFlips) {
  std::vector<Condition> conditions = GetParam().before;
  set_condition(conditions,
                {.type = "Ready", .status = GetParam().set_to, .reason = "New", .observed_generation = 3},
                kNow);
  const Condition* found = find_condition(conditions, "Ready");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(format_rfc3339_micro(found->last_transition_time), format_rfc3339_micro(GetParam().transition));
  EXPECT_EQ(found->reason, "New");
  EXPECT_EQ(found->observed_generation, 3);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, SetConditionTest,
    testing::Values(
        Row{"Added", {}, ConditionStatus::true_value, kNowInSeconds},
        Row{"AddedBesideAnother",
            {{.type = "Stalled", .status = ConditionStatus::true_value, .last_transition_time = kThen}},
            ConditionStatus::true_value,
            kNowInSeconds},
        Row{"SameStatus", {ready(ConditionStatus::true_value)}, ConditionStatus::true_value, kThen},
        Row{"TrueToFalse", {ready(ConditionStatus::true_value)}, ConditionStatus::false_value, kNowInSeconds},
        Row{"UnknownToTrue", {ready(ConditionStatus::unknown)}, ConditionStatus::true_value, kNowInSeconds}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Condition, ReadsBackWhatItWrote) {
  std::vector<Condition> conditions;
  set_condition(conditions,
                {.type = "Ready",
                 .status = ConditionStatus::true_value,
                 .reason = "R",
                 .message = "m",
                 .observed_generation = 2},
                kNow);
  set_condition(conditions, {.type = "Stalled", .status = ConditionStatus::unknown, .reason = "S"}, kNow);
  const Json status = {{"conditions", write_conditions(conditions)}};
  json::Problems problems;
  EXPECT_EQ(read_conditions(json::Reader(status, problems)), conditions);
  EXPECT_TRUE(problems.all().empty());
  EXPECT_EQ(status["conditions"][0]["lastTransitionTime"], "2026-01-02T04:00:00Z");
  EXPECT_EQ(status["conditions"][0]["status"], "True");
}

TEST(Condition, LongMessagesAreCutBetweenCharacters) {
  std::vector<Condition> conditions;
  std::string message = "a";
  for (int i = 0; i < 1000; ++i) message += "\xC3\xA9";
  set_condition(conditions, {.type = "Ready", .message = message}, kNow);
  EXPECT_EQ(conditions[0].message, message.substr(0, 1023));
}

TEST(Condition, RemovesOnlyItsType) {
  std::vector<Condition> conditions = {{.type = "A"}, {.type = "B"}};
  remove_condition(conditions, "A");
  EXPECT_EQ(find_condition(conditions, "A"), nullptr);
  EXPECT_NE(find_condition(conditions, "B"), nullptr);
}

TEST(Condition, WrongEntriesAreReportedWithTheirPath) {
  const Json status = Json::parse(R"({"conditions":[{"type":"Ready","status":"True"},{"status":"Maybe"}]})");
  json::Problems problems;
  const auto conditions = read_conditions(json::Reader(status, problems, "status"));
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[1].status, ConditionStatus::unknown);
  ASSERT_EQ(problems.all().size(), 1U);
  EXPECT_EQ(problems.all()[0], "status.conditions[1].type: is required");
}

}  // namespace
}  // namespace apiclient::kube
