#include "reconciler/rotation_record.h"

#include <gmock/gmock.h>

#include "unit/reconciler/observation_builder.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::kNow;
using ::testing::ElementsAre;

const api::RotationStatus kBefore{.strategy = "Overlap",
                                  .last_time = kNow - 1h,
                                  .last_reason = "Lost",
                                  .last_handled_token = "one:Lost",
                                  .handled_ids = {"one"},
                                  .last_handled_revoke = "x",
                                  .in_progress = api::InProgress{.operation_id = "op"},
                                  .refused_token = "bad token",
                                  .refused_reason = "Malformed"};

TEST(RecordRotation, OfAPassThatDidNothingKeepsWhatWasHandledAndEndsTheRefusal) {
  const auto after = record_rotation(kBefore, {.handled_ids = {"one"}}, false, kNow);
  EXPECT_EQ(after, (api::RotationStatus{.strategy = "Overlap",
                                        .last_time = kNow - 1h,
                                        .last_reason = "Lost",
                                        .last_handled_token = "one:Lost",
                                        .handled_ids = {"one"},
                                        .last_handled_revoke = "x"}));
}

TEST(RecordRotation, OfARotationTellsTokenReasonAndTime) {
  const auto after = record_rotation(
      kBefore,
      {.handled_token = "two", .handled_ids = {"one", "two"}, .handled_revoke = "y", .reason = "Requested"},
      true, kNow);
  EXPECT_EQ(after.last_time, kNow);
  EXPECT_EQ(after.last_reason, "Requested");
  EXPECT_EQ(after.last_handled_token, "two");
  EXPECT_EQ(after.last_handled_revoke, "y");
  EXPECT_THAT(after.handled_ids, ElementsAre("one", "two"));
}

TEST(RecordRotation, OfAStrengthenedRotationKeepsItsTime) {
  const auto after =
      record_rotation(kBefore, {.handled_token = "one:Compromised", .reason = "Compromised"}, false, kNow);
  EXPECT_EQ(after.last_time, kNow - 1h);
  EXPECT_EQ(after.last_reason, "Compromised");
}

TEST(RecordRotation, ShowsARefusal) {
  const auto after =
      record_rotation({}, {.refused_token = "a b", .refused_reason = "Malformed"}, false, kNow);
  EXPECT_EQ(after.refused_token, "a b");
  EXPECT_EQ(after.refused_reason, "Malformed");
}

}  // namespace
}  // namespace apiclient::reconciler
