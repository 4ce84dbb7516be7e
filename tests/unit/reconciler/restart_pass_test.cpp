// Whole passes of rotations whose consumers are restarted, with a crash at any point.
#include <algorithm>

#include "api/names.h"
#include "api/restart_target.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::kClientId;
using test::World;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAnnotation = "invoices.apiclient.dev/credential-revision";
const kube::ObjectKey kWeb{test::kNamespace, "web"};

test::ApiClientBuilder with_targets() {
  return test::an_api_client().with_spec(
      {{"restartTargets",
        {{{"kind", "Deployment"}, {"name", "web"}}, {{"kind", "DaemonSet"}, {"name", "agent"}}}}});
}

void deploy(World& world) {
  world.kube.put(kube::kDeployments, {{"metadata", {{"namespace", test::kNamespace}, {"name", "web"}}},
                                      {"spec", {{"replicas", 1}}}});
  world.kube.put(kube::kDaemonSets, {{"metadata", {{"namespace", test::kNamespace}, {"name", "agent"}}},
                                     {"spec", Json::object()}});
}
void roll_out(World& world) {
  for (const auto& [type, name] :
       {std::pair(kube::kDeployments, "web"), std::pair(kube::kDaemonSets, "agent")}) {
    Json workload = world.kube.get(type, {test::kNamespace, name});
    workload["status"] = {{"observedGeneration", workload["metadata"]["generation"]},
                          {"replicas", 1},
                          {"updatedReplicas", 1},
                          {"availableReplicas", 1}};
    world.kube.put(type, workload);
  }
}
Json generation(const World& world) {
  return world.kube.get(kube::kDeployments, kWeb)["metadata"]["generation"];
}
Json annotation(const World& world) {
  return world.kube.get(kube::kDeployments, kWeb)["spec"]["template"]["metadata"]["annotations"][kAnnotation];
}
void rotate(World& world, const std::string& token) {
  world.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", token}}}}}});
}
void issue_with_targets(World& world) {
  deploy(world);
  world.apply(with_targets());
  ASSERT_TRUE(world.settle());
}

class Restarts : public Reconcile {
 protected:
  void SetUp() override { issue_with_targets(world_); }
  std::vector<std::string> events() { return world_.events.reasons(); }
  std::size_t secrets() { return world_.backend.client(kClientId)->registered.credentials.size(); }
  void rotate_and_settle(const std::string& token) {
    rotate(world_, token);
    ASSERT_TRUE(world_.settle());
  }
  std::string message(std::string_view type) {
    const Json conditions = world_.client()["status"]["conditions"];
    const auto found = std::ranges::find(conditions, type, [](const Json& one) { return one["type"]; });
    return found == conditions.end() ? "" : (*found)["message"];
  }
};

TEST_F(Restarts, NothingIsRestartedOnFirstIssuanceNorLookedAtAtRest) {
  EXPECT_EQ(generation(world_), 1);
  EXPECT_EQ(world_.kube.calls(test::Verb::find, "deployments"), 0);
}

TEST_F(Restarts, EachIsRestartedOnceForARotationAndNoneByANewProcess) {
  rotate_and_settle("r1");
  EXPECT_EQ(annotation(world_), std::string("2.") + test::kUid);
  EXPECT_EQ(generation(world_), 2);
  for (int i = 0; i < 3; ++i) {
    world_.restart();
    ASSERT_TRUE(world_.settle());
  }
  EXPECT_EQ(generation(world_), 2);
  roll_out(world_);
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(secrets(), 1U);
  rotate_and_settle("r2");
  EXPECT_EQ(generation(world_), 3);
}

TEST_F(Restarts, TheOldSecretWaitsForTheRollOut) {
  const std::string old = world_.published_value();
  rotate_and_settle("r1");
  EXPECT_EQ(world_.condition(api::kRotating), "-") << "time alone is waited for";
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kRotating), "True RollingOut");
  EXPECT_THAT(message(api::kRotating), HasSubstr("Deployment web"));
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  EXPECT_TRUE(world_.backend.accepts(kClientId, old));
  roll_out(world_);
  world_.clock.advance(1min);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kRotating), "-");
  EXPECT_EQ(world_.condition(api::kRestartIncomplete), "-");
  EXPECT_FALSE(world_.backend.accepts(kClientId, old));
}

TEST_F(Restarts, ItIsLookedAtAgainInTimeAndNotAtOnce) {
  rotate_and_settle("r1");
  rotate(world_, "r2");  // waits for the overlap
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle()) << "no pass wants another one at once";
  EXPECT_EQ(world_.condition(api::kRotating), "True RollingOut");
  EXPECT_THAT(message(api::kRotating), HasSubstr("token r2 waits"));
  world_.clear_records();
  world_.clock.advance(1min);
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), ::testing::IsEmpty()) << "waiting writes nothing";
}

TEST_F(Restarts, TheWaitIsCapped) {
  const std::string old = world_.published_value();
  rotate_and_settle("r1");
  world_.clock.advance(7h - 1min);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.backend.accepts(kClientId, old));
  world_.clock.advance(2min);
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(world_.condition(api::kRestartIncomplete), "True RolloutTimedOut");
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  EXPECT_THAT(events(), Contains("Warning RolloutTimedOut"));
  EXPECT_THAT(events(), Not(Contains("Normal PreviousRetired")));
  rotate_and_settle("r2");
  EXPECT_EQ(world_.condition(api::kRestartIncomplete), "-") << "the next rotation has its own report";
}

TEST_F(Restarts, NowWaitsForNobodyAndRestartsAllTheSame) {
  const std::string old = world_.published_value();
  rotate_and_settle("r1:now");
  EXPECT_FALSE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(generation(world_), 2);
}

TEST_F(Restarts, ALostSecretIsARevisionToo) {
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(annotation(world_), std::string("2.") + test::kUid);
}

TEST_F(Restarts, AMissingTargetIsNamedAndHoldsNothingUp) {
  world_.kube.erase(kube::kDeployments, kWeb);
  rotate_and_settle("r1");
  EXPECT_EQ(world_.condition(api::kRestartIncomplete), "True RestartTargetNotFound");
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  EXPECT_THAT(message(api::kRestartIncomplete), HasSubstr("spec.restartTargets[0]: Deployment web"));
  EXPECT_THAT(events(), Contains("Warning RestartTargetNotFound"));
  roll_out(world_);
  world_.kube.erase(kube::kDeployments, kWeb);
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(secrets(), 1U) << "the overlap ends by time alone";
}

TEST_F(Restarts, AForbiddenTargetIsRestartedOnceTheRightIsThere) {
  world_.kube.fail_next(test::Verb::merge_patch, "deployments",
                        {.kind = ErrorKind::forbidden, .message = "no"});
  rotate_and_settle("r1:now");
  EXPECT_EQ(world_.condition(api::kRestartIncomplete), "True RestartTargetForbidden");
  EXPECT_EQ(generation(world_), 1);
  world_.restart();
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "again"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(generation(world_), 2);
  EXPECT_EQ(world_.condition(api::kRestartIncomplete), "-");
}

struct Scenario {
  std::string name;
  std::string token;
};
class RestartCrashes : public ::testing::TestWithParam<Scenario> {};

TEST_P(RestartCrashes, AnywhereEndWithOneRestart) {
  std::vector<std::string> points;
  {
    World world;
    issue_with_targets(world);
    const std::size_t before = world.checkpoints.reached().size();
    rotate(world, GetParam().token);
    ASSERT_TRUE(world.settle());
    const auto& all = world.checkpoints.reached();
    points.assign(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
  }
  ASSERT_THAT(points, Contains("before restart"));
  for (const std::string& point : points) {
    SCOPED_TRACE("crash " + point);
    World world;
    issue_with_targets(world);
    rotate(world, GetParam().token);
    ASSERT_TRUE(world.crashes_at(point));
    ASSERT_TRUE(world.settle());
    EXPECT_EQ(generation(world), 2);
    EXPECT_EQ(annotation(world), std::string("2.") + test::kUid);
    EXPECT_EQ(world.kube.get(kube::kDaemonSets, {test::kNamespace, "agent"})["metadata"]["generation"], 2);
    EXPECT_EQ(world.client()["status"]["credential"]["revision"], 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Tokens, RestartCrashes,
                         ::testing::Values(Scenario{"Overlap", "r1"}, Scenario{"Now", "r1:now"}),
                         test::RowName());

}  // namespace
}  // namespace apiclient::reconciler
