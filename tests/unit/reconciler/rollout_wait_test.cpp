#include "reconciler/rollout_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "api/conditions.h"
#include "reconciler/restart_report.h"
#include "support/matchers.h"
#include "unit/reconciler/observation_builder.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::kNow;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Json kTargets = {{{"kind", "Deployment"}, {"name", "web"}}, {{"kind", "StatefulSet"}, {"name", "db"}}};

/// Revision 2 is published, revision 1 is in its overlap; both consumers carry revision 2 and are rolled out.
Observation rotated(const test::RegistryBuilder& registry = test::a_registry()) {
  auto client = test::an_api_client().issued(2).with_spec({{"restartTargets", kTargets}});
  api::ApiClientStatus status = client.object().status;
  status.previous = api::PreviousStatus{.revision = 1, .id = "c1", .retire_at = kNow};
  status.rotation.last_reason = "Requested";
  client.with_status(status);
  test::ObservationBuilder seen(client, registry);
  seen.registered({1, 2}).target(test::a_target_secret().revision(2).operation("op-2").credential("c2"));
  seen.with([](Observation& all) {
    for (const api::RestartTarget& target : all.client.spec.restart_targets) {
      all.consumers.push_back({.target = target,
                               .uid = "w",
                               .carried = restart_value(all.client.meta, 2),
                               .rollout = Rollout::complete});
    }
  });
  return seen.take();
}

struct Row {
  std::string name;
  std::function<void(Observation&)> change;
  std::vector<std::string> waits_for;
};
class Waits : public ::testing::TestWithParam<Row> {};

TEST_P(Waits, ForWhatIsBehindAndCanBeHelped) {
  Observation seen = rotated();
  GetParam().change(seen);
  const auto wait = find_rollout_wait(seen, 1h, kNow);
  EXPECT_EQ(wait ? wait->consumers : std::vector<std::string>(), GetParam().waits_for);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Waits,
    ::testing::Values(
        Row{"AllAreRolledOut", [](Observation&) {}, {}},
        Row{"NobodyWasLookedAt", [](Observation& seen) { seen.consumers.clear(); }, {}},
        Row{"OneGoesOn",
            [](Observation& seen) { seen.consumers[0].rollout = Rollout::progressing; },
            {"Deployment web"}},
        Row{"OneIsPaused",
            [](Observation& seen) { seen.consumers[0].rollout = Rollout::paused; },
            {"Deployment web (it is paused)"}},
        Row{"CompleteOnAnOlderRevision",
            [](Observation& seen) { seen.consumers[1].carried = restart_value(seen.client.meta, 1); },
            {"StatefulSet db"}},
        Row{"Missing",
            [](Observation& seen) {
              seen.consumers[0] = {.target = seen.consumers[0].target, .access = Access::absent};
            },
            {}},
        Row{"Forbidden",
            [](Observation& seen) {
              seen.consumers[0] = {.target = seen.consumers[0].target, .access = Access::forbidden};
            },
            {}}),
    test::RowName());

TEST(RolloutWait, LastsSevenOverlapsUnlessTheRegistrySaysOtherwise) {
  const auto until = [](const Json& spec) {
    Observation seen = rotated(test::a_registry().with_spec(spec));
    seen.consumers[0].rollout = Rollout::progressing;
    return find_rollout_wait(seen, 1h, kNow)->until;
  };
  EXPECT_EQ(until(Json::object()), kNow + 6h);
  EXPECT_EQ(until({{"maxOverlap", "3h"}}), kNow + 2h);
  EXPECT_EQ(until({{"maxOverlap", "1m"}}), kNow) << "an overlap is never shortened";
}

TEST(RolloutLook, ComesLaterTheLongerItLasts) {
  EXPECT_EQ(next_rollout_look(0ms), 5s);
  EXPECT_EQ(next_rollout_look(80s), 10s);
  EXPECT_EQ(next_rollout_look(10h), 5min);
}

struct NeedRow {
  std::string name;
  std::function<void(api::ApiClient&)> change;
  bool needed;
};
class Needs : public ::testing::TestWithParam<NeedRow> {};

TEST_P(Needs, ConsumersOnlyAfterARotation) {
  Observation seen = rotated();
  GetParam().change(seen.client);
  EXPECT_EQ(needs_consumers(seen), GetParam().needed);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Needs,
    ::testing::Values(
        NeedRow{"DuringAnOverlap", [](api::ApiClient&) {}, true},
        NeedRow{"AtRest", [](api::ApiClient& client) { client.status.previous.reset(); }, false},
        NeedRow{"NoTargets", [](api::ApiClient& client) { client.spec.restart_targets.clear(); }, false},
        NeedRow{"OverlapOfAnAdoption",
                [](api::ApiClient& client) { client.status.rotation.last_reason.clear(); }, false},
        NeedRow{"OneWasForbidden",
                [](api::ApiClient& client) {
                  client.status.previous.reset();
                  kube::set_condition(client.status.conditions,
                                      {.type = std::string(api::kRestartIncomplete),
                                       .status = kube::ConditionStatus::true_value,
                                       .reason = std::string(api::reason::kRestartTargetForbidden)},
                                      kNow);
                },
                true}),
    test::RowName());

TEST(RestartReport, NamesTheFieldAndTheFix) {
  Observation seen = rotated();
  const auto& targets = seen.client.spec.restart_targets;
  EXPECT_EQ(report_restarts(seen.consumers, targets, {}).reason, "");
  seen.consumers[1].access = Access::absent;
  RestartReport report = report_restarts(seen.consumers, targets, {});
  EXPECT_EQ(report.reason, "RestartTargetNotFound");
  EXPECT_THAT(report.message, HasSubstr("spec.restartTargets[1]: StatefulSet db does not exist"));
  seen.consumers[0].access = Access::forbidden;
  seen.consumers[0].refusal = "cannot patch";
  report = report_restarts(seen.consumers, targets, {});
  EXPECT_EQ(report.reason, "RestartTargetForbidden");
  EXPECT_THAT(report.message, AllOf(HasSubstr("spec.restartTargets[0]: Deployment web"),
                                    HasSubstr("cannot patch"), HasSubstr("spec.restartTargets[1]")));
  report = report_restarts({}, targets, {"Deployment web"});
  EXPECT_EQ(report.reason, "RolloutTimedOut");
  EXPECT_THAT(report.message, HasSubstr("Deployment web"));
}

}  // namespace
}  // namespace apiclient::reconciler
