// Rotation where the server makes the new secret of a client and keeps the older ones until all of them end.
#include <algorithm>

#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::an_api_client;
using test::BackendOperation;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RegistryRotation : public Reconcile {
 protected:
  RegistryRotation() { world_.registry_is(test::a_registry_that_makes_rotated_secrets()); }

  void ask_for(const std::string& token) { ask_for(world_, token); }
  static void ask_for(test::World& world, const std::string& token) {
    world.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", token}}}}}});
  }
  Json status() { return world_.client()["status"]; }
  std::size_t secrets() { return world_.backend.client(test::kClientId)->values.size(); }
  bool works(const std::string& value) { return world_.backend.accepts(test::kClientId, value); }
};

TEST_F(RegistryRotation, TheFirstSecretIsOurs) {
  issue();
  expect_well(1);
  EXPECT_NE(world_.published_value().find_first_not_of("made-by-the-registry"), std::string::npos);
  EXPECT_EQ(status()["rotation"]["strategy"], "Overlap");
}

TEST_F(RegistryRotation, ARotationPublishesWhatTheServerMadeAndKeepsTheOldOne) {
  issue();
  const std::string old = world_.published_value();
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_THAT(world_.published_value(), ::testing::StartsWith("made-by-the-registry"));
  EXPECT_TRUE(works(old));
  EXPECT_EQ(status()["previous"]["revision"], 1);
  EXPECT_FALSE(status()["rotation"].contains("inProgress"));
  EXPECT_EQ(status()["rotation"]["lastReason"], "Requested");
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(works(old));
  expect_well(2);
}

TEST_F(RegistryRotation, NowEndsAllOlderOnesAfterThePublication) {
  issue();
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  ask_for("r2:now");
  ASSERT_TRUE(world_.settle());
  expect_well(3);
  EXPECT_EQ(secrets(), 1U);
}

TEST_F(RegistryRotation, RevokePreviousEndsTheOverlap) {
  issue();
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/revoke-previous", "x"}}}}}});
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_EQ(secrets(), 1U);
}

TEST_F(RegistryRotation, RevokedTogetherWithARotationThePublishedSecretWorksUntilTheNewOneIsPublished) {
  issue();
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  const std::string published = world_.published_value();
  world_.patch_client(
      {{"metadata",
        {{"annotations", {{"apiclient.dev/revoke-previous", "x"}, {"apiclient.dev/rotate", "r2:now"}}}}}});
  ASSERT_TRUE(world_.crashes_at("before publish"));
  EXPECT_TRUE(works(published)) << "it is still what consumers read";
  ASSERT_TRUE(world_.settle());
  expect_well(3);
  EXPECT_EQ(secrets(), 1U);
}

TEST_F(RegistryRotation, ALostReplyLeavesASecretThatEndsWithTheOverlap) {
  issue();
  const std::string old = world_.published_value();
  world_.backend.lose_reply_next(BackendOperation::rotate_credential);
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  expect_well(3);
  EXPECT_TRUE(works(old));
  EXPECT_EQ(secrets(), 3U);
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  expect_well(3);
  EXPECT_EQ(secrets(), 1U);
}

TEST_F(RegistryRotation, ARefusalRotatesNothing) {
  issue();
  world_.backend.fail_next(BackendOperation::rotate_credential,
                           {.kind = ErrorKind::throttled, .message = "too many", .status_code = 429});
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_EQ(secrets(), 2U);
}

TEST_F(RegistryRotation, ALostSecretIsMadeAgain) {
  issue();
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

TEST_F(RegistryRotation, AClientThatIsGoneIsRegisteredWithThePublishedSecret) {
  issue();
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  const std::string published = world_.published_value();
  world_.backend.drop(test::kClientId);
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "again"}}}}}});
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_EQ(world_.published_value(), published);
}

TEST_F(RegistryRotation, ARejectedSecretIsNotPublished) {
  issue();
  const std::string old = world_.published_value();
  world_.backend.reject_next_verifications(1);
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(works(world_.published_value()));
  EXPECT_TRUE(works(old));
  EXPECT_EQ(status()["rotation"]["lastHandledToken"], "r1");
}

TEST_F(RegistryRotation, ACrashAtAnyPointEndsTheSame) {
  std::vector<std::string> points;
  {
    test::World world(test::a_registry_that_makes_rotated_secrets());
    world.apply(an_api_client());
    ASSERT_TRUE(world.settle());
    const std::size_t before = world.checkpoints.reached().size();
    ask_for(world, "r1");
    ASSERT_TRUE(world.settle());
    const auto& all = world.checkpoints.reached();
    points.assign(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
  }
  ASSERT_THAT(points, Contains("after rotate-credential"));
  for (const std::string& point : points) {
    SCOPED_TRACE("crash " + point);
    test::World world(test::a_registry_that_makes_rotated_secrets());
    world.apply(an_api_client());
    ASSERT_TRUE(world.settle());
    const std::string old = world.published_value();
    ask_for(world, "r1");
    ASSERT_TRUE(world.crashes_at(point));
    EXPECT_TRUE(world.backend.accepts(test::kClientId, world.published_value()));
    ASSERT_TRUE(world.settle());
    EXPECT_TRUE(world.backend.accepts(test::kClientId, world.published_value()));
    EXPECT_TRUE(world.backend.accepts(test::kClientId, old)) << "its overlap is not over";
    EXPECT_NE(world.published_value(), old);
    EXPECT_THAT(world.staged(), IsEmpty());
    EXPECT_EQ(world.client()["status"]["rotation"]["handledIds"].size(), 1U) << "one token, one rotation";
    world.clock.advance(61min);
    ASSERT_TRUE(world.settle());
    EXPECT_FALSE(world.backend.accepts(test::kClientId, old));
    EXPECT_EQ(world.backend.client(test::kClientId)->values.size(), 1U) << "also what nobody has heard of";
  }
}

}  // namespace
}  // namespace apiclient::reconciler
