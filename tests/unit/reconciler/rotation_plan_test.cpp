// Plans of clients that are asked to rotate, or whose overlap ends.
#include <gmock/gmock.h>

#include <functional>

#include "api/names.h"
#include "reconciler/plan.h"
#include "support/matchers.h"
#include "unit/reconciler/observation_builder.h"
#include "unit/reconciler/plan_text.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::a_target_secret;
using test::an_api_client;
using test::kNow;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using Seen = test::ObservationBuilder;

/// Revision 2 is published; revision 1 is there as well when an overlap is planned.
struct Scene {
  std::string rotate = {};
  std::string revoke = {};
  std::string overlap = {};
  std::optional<WallTime> retire_at = {};
  std::string last_token = {};
  bool staged = false;      ///< revision 3 was begun by token r2
  bool staged_now = false;  ///< ... by r2:now
  bool published = false;   ///< ... and published
  bool clock_trusted = true;
};

test::TargetSecretBuilder target(std::int64_t revision) {
  const std::string number = std::to_string(revision);
  return a_target_secret().revision(revision).operation("op-" + number).credential("c" + number);
}

Observation observe(const Scene& scene) {
  auto client = an_api_client().issued(2);
  api::ApiClientStatus status = client.object().status;
  if (scene.retire_at)
    status.previous = api::PreviousStatus{.revision = 1, .id = "c1", .retire_at = scene.retire_at};
  if (!scene.last_token.empty()) {
    status.rotation = {.last_time = kNow - 1h,
                       .last_reason = "Requested",
                       .last_handled_token = scene.last_token,
                       .handled_ids = {scene.last_token.substr(0, scene.last_token.find(':'))}};
  }
  client.with_status(status);
  if (!scene.rotate.empty()) client.annotated(api::kRotateAnnotation, scene.rotate);
  if (!scene.revoke.empty()) client.annotated(api::kRevokePreviousAnnotation, scene.revoke);
  if (!scene.overlap.empty()) client.with_spec({{"rotation", {{"overlap", scene.overlap}}}});
  Seen seen(client);
  const bool staged = scene.staged || scene.staged_now;
  if (scene.retire_at) {
    staged ? seen.registered({1, 2, 3}) : seen.registered({1, 2});
  } else {
    staged ? seen.registered({2, 3}) : seen.registered({2});
  }
  seen.target(target(scene.published ? 3 : 2));
  if (staged) seen.staged(3, "op-3");
  seen.with([&](Observation& all) {
    if (staged) all.staged->token = scene.staged_now ? "r2:now" : "r2";
    all.clock_trusted = scene.clock_trusted;
  });
  return seen.take();
}

struct RotationRow {
  std::string name;
  Scene scene;
  std::vector<std::string> steps;
};
class RotationPlans : public ::testing::TestWithParam<RotationRow> {};

TEST_P(RotationPlans, Steps) {
  const Plan plan = make_plan(observe(GetParam().scene), kNow);
  EXPECT_FALSE(plan.stop) << plan.stop->message;
  EXPECT_THAT(test::texts_of(plan), ElementsAreArray(GetParam().steps));
}

const std::vector<std::string> kRotate{"stage 3", "add-credential", "verify", "publish", "status", "unstage"};
const std::vector<std::string> kNothing{"publish", "status"};

INSTANTIATE_TEST_SUITE_P(
    Tokens, RotationPlans,
    ::testing::Values(
        RotationRow{"None", {}, kNothing}, RotationRow{"New", {.rotate = "r2"}, kRotate},
        RotationRow{"Now",
                    {.rotate = "r2:now"},
                    {"stage 3", "add-credential", "verify", "publish", "retire c2", "status", "unstage"}},
        RotationRow{"ImmediateCut",
                    {.rotate = "r2", .overlap = "0s"},
                    {"stage 3", "add-credential", "verify", "publish", "retire c2", "status", "unstage"}},
        RotationRow{"Handled", {.rotate = "r1", .last_token = "r1"}, kNothing},
        RotationRow{"WaitsForTheOverlap", {.rotate = "r2", .retire_at = kNow + 1s}, kNothing},
        RotationRow{"AfterTheOverlapTheOldOneGoesFirst",
                    {.rotate = "r2", .retire_at = kNow},
                    {"retire c1", "publish", "status"}},
        RotationRow{"CompromisedDuringAnOverlapTakesTheThirdSlot",
                    {.rotate = "r2:Compromised", .retire_at = kNow + 1h},
                    {"stage 3", "add-credential", "verify", "publish", "retire c1 c2", "status", "unstage"}},
        RotationRow{"StrengthenedEndsTheOverlap",
                    {.rotate = "r1:now", .retire_at = kNow + 1h, .last_token = "r1"},
                    {"retire c1", "publish", "status"}},
        RotationRow{"StrengthenedAfterTheOverlap", {.rotate = "r1:now", .last_token = "r1"}, kNothing},
        RotationRow{"Refused", {.rotate = "a b"}, kNothing}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    Staged, RotationPlans,
    ::testing::Values(
        RotationRow{"Added", {.staged = true}, {"verify", "publish", "status", "unstage"}},
        RotationRow{"Published", {.staged = true, .published = true}, {"publish", "status", "unstage"}},
        RotationRow{
            "NowAdded", {.staged_now = true}, {"verify", "publish", "retire c2", "status", "unstage"}},
        RotationRow{"NowPublished",
                    {.staged_now = true, .published = true},
                    {"publish", "retire c2", "status", "unstage"}},
        RotationRow{"AnotherTokenSince",
                    {.rotate = "r3", .staged = true},
                    {"verify", "publish", "status", "unstage"}}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    Revoke, RotationPlans,
    ::testing::Values(RotationRow{"EndsTheOverlap",
                                  {.revoke = "x", .retire_at = kNow + 1h},
                                  {"retire c1", "publish", "status"}},
                      RotationRow{"WithoutOverlap", {.revoke = "x"}, kNothing},
                      RotationRow{"TogetherWithARotationEndsTheOlderOverlapOnly",
                                  {.rotate = "r2:now", .revoke = "x", .retire_at = kNow + 1h},
                                  {"retire c1", "stage 3", "add-credential", "verify", "publish",
                                   "retire c1 c2", "status", "unstage"}},
                      RotationRow{"SeenWhileARotationIsUnderWay",
                                  {.revoke = "x", .retire_at = kNow + 1h, .staged = true},
                                  {"retire c1", "verify", "publish", "status", "unstage"}}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    WrongClock, RotationPlans,
    ::testing::Values(
        RotationRow{"NothingEndsByTime", {.retire_at = kNow - 1h, .clock_trusted = false}, kNothing},
        RotationRow{"RevokeStillActs",
                    {.revoke = "x", .retire_at = kNow + 1h, .clock_trusted = false},
                    {"retire c1", "publish", "status"}},
        RotationRow{"CompromisedStillActs",
                    {.rotate = "r2:Compromised", .clock_trusted = false},
                    {"stage 3", "add-credential", "verify", "publish", "retire c2", "status", "unstage"}}),
    test::RowName());

TEST(RotationPlan, RecordsWhatItHandles) {
  const Plan plan = make_plan(observe({.rotate = "r2:Lost", .last_token = "r1"}), kNow);
  EXPECT_EQ(plan.tokens.handled_token, "r2:Lost");
  EXPECT_THAT(plan.tokens.handled_ids, ElementsAre("r1", "r2"));
  EXPECT_EQ(plan.tokens.reason, "Lost");
  ASSERT_TRUE(plan.previous);
  EXPECT_EQ(plan.previous->id, "c2");
  EXPECT_EQ(plan.previous->retire_at, kNow + 1h);
  EXPECT_EQ(plan.look_again, kNow + 1h);
}

TEST(RotationPlan, OfAStagedTokenLeavesALaterOneToTheNextPass) {
  const Plan plan = make_plan(observe({.rotate = "r3", .overlap = "5s", .staged = true}), kNow);
  EXPECT_EQ(plan.tokens.handled_token, "r2");
  EXPECT_EQ(plan.previous->retire_at, kNow + 5s);
  EXPECT_EQ(plan.look_again, kNow);
}

TEST(RotationPlan, OfAWaitingTokenHandlesNothingAndComesBackInTime) {
  const Plan plan = make_plan(observe({.rotate = "r2", .retire_at = kNow + 10s}), kNow);
  EXPECT_THAT(plan.tokens.handled_ids, IsEmpty());
  EXPECT_EQ(plan.tokens.handled_token, "");
  ASSERT_TRUE(plan.waiting);
  EXPECT_EQ(plan.waiting->until, kNow + 10s);
  EXPECT_EQ(plan.look_again, kNow + 10s);
}

TEST(RotationPlan, OfARefusedTokenSaysWhyAndComesBackForNothing) {
  const Plan plan = make_plan(observe({.rotate = "r1:Lost", .last_token = "r1"}), kNow);
  EXPECT_EQ(plan.tokens.refused_token, "r1:Lost");
  EXPECT_EQ(plan.tokens.refused_reason, "IdAlreadyUsed");
  EXPECT_FALSE(plan.look_again);
}

TEST(RotationPlan, WithAStoredTimeInTheFutureDoesNotTrustTheClock) {
  Observation seen = observe({.retire_at = kNow - 1h});
  seen.client.status.rotation.last_time = kNow + 2min;
  const Plan plan = make_plan(seen, kNow);
  EXPECT_THAT(test::texts_of(plan), ElementsAre("publish", "status"));
  EXPECT_TRUE(plan.clock_is_wrong);
}

TEST(RotationPlan, RemembersARevokeThatFoundNothing) {
  const Plan plan = make_plan(observe({.revoke = "x"}), kNow);
  EXPECT_EQ(plan.tokens.handled_revoke, "x");
  EXPECT_FALSE(plan.look_again);
}

}  // namespace
}  // namespace apiclient::reconciler
