// Plans of clients whose planned rotation is due, and what goes first or stands in the way.
#include <gmock/gmock.h>

#include <functional>

#include "api/conditions.h"
#include "api/names.h"
#include "reconciler/plan.h"
#include "support/matchers.h"
#include "unit/reconciler/observation_builder.h"
#include "unit/reconciler/plan_text.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::a_registry;
using test::a_target_secret;
using test::an_api_client;
using test::kNow;
using ::testing::ElementsAreArray;
using ::testing::StartsWith;
using Change = std::function<void(Observation&)>;

/// Revision 2 is published since 30 hours, of an interval of 24; its announced time has just come.
Observation due_client(const std::string& rotate = "") {
  auto client = an_api_client().issued(2).with_spec({{"rotation", {{"interval", "24h"}}}});
  api::ApiClientStatus status = client.object().status;
  status.credential->issued_at = kNow - 30h;
  status.rotation.next_time = kNow - 1s;
  client.with_status(status);
  if (!rotate.empty()) client.annotated(api::kRotateAnnotation, rotate);
  test::ObservationBuilder seen(client);
  seen.registered({2}).target(a_target_secret().revision(2).operation("op-2").credential("c2"));
  return seen.take();
}

const std::vector<std::string> kRotate{"stage 3", "add-credential", "verify", "publish", "status", "unstage"};
const std::vector<std::string> kNothing{"publish", "status"};

struct DueRow {
  std::string name;
  std::string rotate;
  Change change;
  std::vector<std::string> steps;
  std::string reason;  ///< of what is minted
};
void PrintTo(const DueRow& row, std::ostream* out) { *out << row.name; }
class DuePlans : public ::testing::TestWithParam<DueRow> {};

TEST_P(DuePlans, Steps) {
  Observation seen = due_client(GetParam().rotate);
  GetParam().change(seen);
  const Plan plan = make_plan(seen, kNow);
  EXPECT_THAT(test::texts_of(plan), ElementsAreArray(GetParam().steps));
  EXPECT_EQ(plan.tokens.reason, GetParam().reason);
  EXPECT_EQ(plan.rotates_by_schedule, GetParam().reason == "Scheduled");
}

INSTANTIATE_TEST_SUITE_P(
    Table, DuePlans,
    ::testing::Values(
        DueRow{"Rotates", "", [](Observation&) {}, kRotate, "Scheduled"},
        DueRow{"NotItsTurn", "", [](Observation& seen) { seen.is_its_turn = false; }, kNothing, ""},
        DueRow{"WrongClock", "", [](Observation& seen) { seen.clock_trusted = false; }, kNothing, ""},
        DueRow{"ClockThatWasSetBack", "",
               [](Observation& seen) { seen.client.status.rotation.last_time = kNow + 2h; }, kNothing, ""},
        DueRow{"Suspended",
               "",
               [](Observation& seen) { seen.client.spec.suspended = true; },
               {"disable", "publish", "status"},
               ""},
        DueRow{"AnotherSecretWorksOn", "",
               [](Observation& seen) {
                 seen.client.status.previous =
                     api::PreviousStatus{.revision = 1, .id = "c1", .retire_at = kNow - 1h};
               },
               kNothing, ""},
        DueRow{"ATokenGoesFirst", "r2:Lost", [](Observation&) {}, kRotate, "Lost"},
        DueRow{"AWaitingTokenGoesFirst", "r2",
               [](Observation& seen) { seen.client.status.rotation.last_time = kNow - 5s; }, kNothing, ""},
        DueRow{"ARefusedTokenDoesNot", "a b", [](Observation&) {}, kRotate, "Scheduled"},
        DueRow{"ARepairComesInstead", "",
               [](Observation& seen) { seen.published_verdict = backend::Verdict::rejected; }, kRotate,
               "Recovered"},
        DueRow{"TooFrequent", "", [](Observation& seen) { seen.client.spec.rotation.interval = 1min; },
               kNothing, ""},
        DueRow{"NoSchedule", "", [](Observation& seen) { seen.client.spec.rotation.interval.reset(); },
               kNothing, ""}),
    test::RowName());

TEST(SchedulePlan, OfARefusedTokenSaysSoInTheSamePass) {
  const Plan plan = make_plan(due_client("a b"), kNow);
  EXPECT_EQ(plan.tokens.refused_token, "a b");
  EXPECT_EQ(plan.tokens.handled_token, "");
}

TEST(SchedulePlan, WithAWrongClockLooksAgainInAMinute) {
  Observation seen = due_client();
  seen.clock_trusted = false;
  EXPECT_EQ(make_plan(seen, kNow).look_again, kNow + 1min);
  seen.client.status.rotation.next_time = kNow + 1h;
  EXPECT_EQ(make_plan(seen, kNow).look_again, std::nullopt) << "its time comes without that";
}

TEST(SchedulePlan, WhereTheRegistryHoldsOneSecretNeedsSomebodysConsent) {
  Observation seen = due_client();
  auto registry = *seen.registry;
  registry.info.capabilities.max_secrets = 1;
  registry.info.capabilities.chooses_client_id = false;
  seen.registry = std::make_shared<RegistrySnapshot>(registry);
  const Plan refused = make_plan(seen, kNow);
  EXPECT_FALSE(refused.rotates_by_schedule);
  ASSERT_TRUE(refused.schedule_mistake);
  EXPECT_EQ(refused.schedule_mistake->reason, api::reason::kNotSupportedByRegistry);
  EXPECT_THAT(refused.schedule_mistake->message,
              StartsWith("spec.rotation.interval: registry default holds one"));
  seen.client.spec.rotation.overlap = 0ms;
  EXPECT_TRUE(make_plan(seen, kNow).rotates_by_schedule);
}

TEST(SchedulePlan, AStagedMintOfTheScheduleIsContinuedAsSuch) {
  Observation seen = due_client();
  seen.staged = test::a_staged_credential(3, "op-3");
  seen.staged->kind = kScheduleKind;
  const Plan plan = make_plan(seen, kNow);
  EXPECT_THAT(test::texts_of(plan),
              ElementsAreArray({"add-credential", "verify", "publish", "status", "unstage"}));
  EXPECT_EQ(plan.tokens.reason, "Scheduled");
  EXPECT_FALSE(plan.rotates_by_schedule) << "it has had its slot";
}

}  // namespace
}  // namespace apiclient::reconciler
