// Rotation where the server picks ids and makes secrets: a second client takes the place of the first.
#include <algorithm>

#include "api/names.h"
#include "base/encoding.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::an_api_client;
using test::BackendOperation;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Reregister : public Reconcile {
 protected:
  Reregister() { world_.registry_is(test::a_registry_that_picks_ids()); }

  void ask_for(const std::string& token) {
    world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", token}}}}}});
  }
  void rotate(const std::string& token) {
    ask_for(token);
    ASSERT_TRUE(world_.settle());
  }
  static backend::RegistrationRecord a_record(const std::string& client_id, std::int64_t revision = 1) {
    return {.client_id = client_id,
            .mark = {.uid = test::kUid, .revision = revision},
            .requested = {.client_id = client_id, .token_endpoint_auth_method = "client_secret_basic"}};
  }
  /// As the backend does for every answer, before anything else is done with it.
  static void keep_records(test::World& world) {
    for (const std::string& id : world.backend.client_ids()) {
      const auto stored = world.backend.find(id, {});
      ASSERT_TRUE(stored && *stored);
      ASSERT_THAT(world.registrations().save(test::kRegistry, a_record(id, (*stored)->mark->revision), {}),
                  test::is_ok());
    }
  }
  static bool is_staged(const test::World& world) {
    return std::ranges::any_of(world.staged(), [](const Json& secret) {
      return secret["metadata"]["name"].get<std::string>().starts_with("staged-");
    });
  }
  bool has_record(const std::string& client_id) {
    const auto found = world_.registrations().find(test::kRegistry, client_id, {});
    return found && found->has_value();
  }
  Json status() { return world_.client()["status"]; }
  std::string client_id() { return status().value("clientId", ""); }
  std::string published_id() { return base64_decode(world_.secret()["data"].value("client-id", "")).value(); }
  bool published_works() { return world_.backend.accepts(published_id(), world_.published_value()); }
  std::size_t lost() {
    return static_cast<std::size_t>(std::ranges::count_if(world_.audit.lines(), [](const std::string& line) {
      return line.find("registration.lost") != std::string::npos;
    }));
  }
};

TEST_F(Reregister, TheIdThatTheServerPickedIsShownAndPublished) {
  issue();
  EXPECT_EQ(client_id(), "client-1");
  EXPECT_EQ(published_id(), "client-1");
  EXPECT_EQ(status()["effective"]["clientId"], "client-1");
  EXPECT_EQ(status()["rotation"]["strategy"], "Reregister");
  EXPECT_FALSE(status()["rotation"].contains("inProgress"));
  EXPECT_TRUE(published_works());
  EXPECT_THAT(world_.staged(), IsEmpty());
}

TEST_F(Reregister, NothingIsPublishedBeforeTheRegistrationIsStored) {
  const Error away{.kind = ErrorKind::unavailable, .message = "away"};
  world_.kube.fail_next(test::Verb::create, "secrets", away);
  EXPECT_THAT(world_.registrations().save(test::kRegistry, a_record("client-1"), {}),
              test::has_error(ErrorKind::conflict));
  world_.kube.fail_next(test::Verb::create, "secrets", away);
  world_.apply(an_api_client());
  for (int pass = 0; pass < 3; ++pass) (void)world_.pass();
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-1")) << "the answer is kept";
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(published_id(), "client-1");
  EXPECT_TRUE(has_record("client-1"));
  EXPECT_EQ(lost(), 0U);
}

TEST_F(Reregister, TheRecordOfAClientThatTheRegistryLostGoesWithIt) {
  issue();
  ASSERT_THAT(world_.registrations().save(test::kRegistry, a_record("client-1"), {}), test::is_ok());
  world_.backend.drop("client-1");
  rotate("r1:now");
  EXPECT_EQ(published_id(), "client-2");
  EXPECT_FALSE(has_record("client-1"));
}

TEST_F(Reregister, RetainedClientsAreNotManagedAnyMore) {
  issue(an_api_client().with_spec({{"deletionPolicy", "Retain"}}));
  ASSERT_THAT(world_.registrations().save(test::kRegistry, a_record("client-1"), {}), test::is_ok());
  rotate("r1");
  ASSERT_THAT(world_.registrations().save(test::kRegistry, a_record("client-2"), {}), test::is_ok());
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), UnorderedElementsAre("client-1", "client-2"));
  EXPECT_FALSE(has_record("client-1"));
  EXPECT_FALSE(has_record("client-2"));
}

TEST_F(Reregister, IssuesWithSixWrites) {
  world_.apply(an_api_client());
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), ElementsAre("merge_patch apiclients", "replace_status apiclients", "create secrets",
                                    "create secrets", "replace_status apiclients", "remove secrets"));
}

TEST_F(Reregister, ASecondClientStandsBesideTheFirstUntilTheOverlapIsOver) {
  issue();
  const std::string old = world_.published_value();
  rotate("r1");
  EXPECT_EQ(client_id(), "client-2");
  EXPECT_EQ(published_id(), "client-2");
  EXPECT_TRUE(published_works());
  EXPECT_TRUE(world_.backend.accepts("client-1", old));
  EXPECT_EQ(status()["previous"]["id"], "client-1");
  EXPECT_EQ(status()["credential"]["revision"], 2);
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-2"));
  EXPECT_FALSE(status().contains("previous"));
}

TEST_F(Reregister, NowEndsTheFirstRightAfterThePublication) {
  issue();
  rotate("r1:now");
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-2"));
  EXPECT_TRUE(published_works());
  EXPECT_FALSE(status().contains("previous"));
}

TEST_F(Reregister, NowDuringAnOverlapEndsBothOlderOnes) {
  issue();
  rotate("r1");
  rotate("r2:Compromised");
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-3"));
  EXPECT_TRUE(published_works());
}

TEST_F(Reregister, RevokePreviousEndsTheOverlap) {
  issue();
  rotate("r1");
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/revoke-previous", "x"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-2"));
  EXPECT_EQ(status()["rotation"]["lastHandledRevoke"], "x");
}

TEST_F(Reregister, ALostSecretIsReplacedWithAnOverlap) {
  issue();
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(published_id(), "client-2");
  EXPECT_TRUE(published_works());
  EXPECT_EQ(status()["previous"]["id"], "client-1");
  EXPECT_EQ(status()["rotation"]["lastReason"], "Recovered");
}

TEST_F(Reregister, ALostSecretDuringAnOverlapLeavesTwoClientsAtMost) {
  issue();
  rotate("r1");
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), UnorderedElementsAre("client-2", "client-3"));
  EXPECT_EQ(status()["previous"]["id"], "client-2");
}

TEST_F(Reregister, AClientThatTheRegistryLostIsRegisteredAgain) {
  issue();
  world_.backend.drop("client-1");
  world_.patch_client({{"spec", {{"displayName", "Another name"}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(published_id(), "client-2");
  EXPECT_TRUE(published_works());
}

TEST_F(Reregister, AChangedSpecReachesTheClientUnderItsId) {
  issue();
  world_.patch_client({{"spec", {{"displayName", "Another name"}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-1"));
  EXPECT_EQ(world_.backend.client("client-1")->registered.settings.client_name, "Another name");
}

TEST_F(Reregister, RestsAfterwards) {
  issue();
  rotate("r1:now");
  world_.restart();
  world_.clear_records();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
}

TEST_F(Reregister, AnAnswerThatIsLostOnItsWayIsCountedAndAskedForAgain) {
  world_.backend.lose_reply_next(BackendOperation::register_client);
  issue();
  EXPECT_EQ(client_id(), "client-2");
  EXPECT_EQ(lost(), 1U);
}

TEST_F(Reregister, ARefusedRegistrationLosesNothing) {
  world_.backend.fail_next(BackendOperation::register_client,
                           {.kind = ErrorKind::throttled, .message = "too many", .status_code = 429});
  issue();
  EXPECT_EQ(client_id(), "client-1");
  EXPECT_EQ(lost(), 0U);
}

TEST_F(Reregister, AnAnswerThatCannotBeStagedIsKept) {
  world_.kube.fail_next(test::Verb::create, "secrets", unavailable());
  issue();
  EXPECT_EQ(client_id(), "client-1");
  EXPECT_EQ(world_.backend.count(BackendOperation::register_client), 0) << "records were cleared";
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-1"));
}

TEST_F(Reregister, APublicClientHasAnIdAndNoSecret) {
  issue(an_api_client().with_spec({{"type", "Public"}}));
  EXPECT_EQ(published_id(), "client-1");
  EXPECT_EQ(world_.published_value(), "");
  EXPECT_THAT(world_.staged(), IsEmpty());
}

TEST_F(Reregister, ADeletionTakesBothClientsOfAnOverlap) {
  issue();
  rotate("r1");
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
  EXPECT_TRUE(world_.secret().is_null());
  EXPECT_TRUE(world_.client().is_null());
}

TEST_F(Reregister, ADeletionTakesTheClientThatIsOnlyStaged) {
  issue();
  ask_for("r1");
  ASSERT_TRUE(world_.crashes_at("after stage-answer"));
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
  EXPECT_THAT(world_.staged(), IsEmpty());
}

TEST_F(Reregister, AnObjectRestoredWithoutItsStatusLeavesNoClientBehind) {
  issue();
  Json object = world_.client();
  object.erase("status");
  object["metadata"]["annotations"]["apiclient.dev/rotate"] = "r1";
  world_.kube.put(api::kApiClients, object);
  world_.restart();
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(published_works());
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre(published_id()));
}

TEST_F(Reregister, ACrashAtAnyPointOfARotationEndsTheSame) {
  std::vector<std::string> points;
  {
    test::World world(test::a_registry_that_picks_ids());
    world.apply(an_api_client());
    ASSERT_TRUE(world.settle());
    const std::size_t before = world.checkpoints.reached().size();
    world.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", "r1"}}}}}});
    ASSERT_TRUE(world.settle());
    const auto& all = world.checkpoints.reached();
    points.assign(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
  }
  ASSERT_THAT(points, ::testing::Contains("after stage-answer"));
  for (const std::string& point : points) {
    SCOPED_TRACE("crash " + point);
    test::World world(test::a_registry_that_picks_ids());
    world.apply(an_api_client());
    ASSERT_TRUE(world.settle());
    const std::string old = world.published_value();
    world.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", "r1"}}}}}});
    ASSERT_TRUE(world.crashes_at(point));
    keep_records(world);
    ASSERT_TRUE(world.settle());
    const Json status = world.client()["status"];
    const std::string current = status["clientId"];
    EXPECT_TRUE(world.backend.accepts(current, world.published_value()));
    EXPECT_TRUE(world.backend.accepts("client-1", old)) << "its overlap is not over";
    EXPECT_EQ(status["previous"]["id"], "client-1");
    EXPECT_EQ(status["credential"]["revision"], 2);
    EXPECT_FALSE(is_staged(world));
    EXPECT_THAT(world.backend.client_ids(), UnorderedElementsAre("client-1", current));
  }
}

TEST_F(Reregister, ACrashAtAnyPointOfTheIssuanceOfAPublicClientLeavesOne) {
  for (const std::string point : {"after register", "after stage-answer", "after publish", "before status",
                                  "after status", "before unstage"}) {
    SCOPED_TRACE("crash " + point);
    test::World world(test::a_registry_that_picks_ids());
    world.apply(an_api_client().with_spec({{"type", "Public"}}));
    ASSERT_TRUE(world.crashes_at(point));
    keep_records(world);
    ASSERT_TRUE(world.settle());
    EXPECT_EQ(world.backend.client_ids().size(), 1U);
    EXPECT_FALSE(world.client()["status"].contains("previous"));
  }
}

TEST_F(Reregister, AClientThatOnlyItsRecordNamesGoesAndIsNotCountedAsLost) {
  world_.apply(an_api_client());
  ASSERT_TRUE(world_.crashes_at("after register"));
  keep_records(world_);
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-2"));
  EXPECT_EQ(lost(), 0U);
}

TEST_F(Reregister, ADeletionTakesAClientThatOnlyItsRecordNames) {
  issue();
  ask_for("r1");
  ASSERT_TRUE(world_.crashes_at("after register"));
  keep_records(world_);
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
  EXPECT_TRUE(world_.client().is_null());
}

TEST_F(Reregister, AStatusThatWasLostDuringAnOverlapIsMadeGoodFromTheRecords) {
  issue();
  rotate("r1");
  keep_records(world_);
  Json object = world_.client();
  object.erase("status");
  world_.kube.put(api::kApiClients, object);
  world_.restart();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(client_id(), "client-2");
  EXPECT_EQ(status()["previous"]["id"], "client-1");
  EXPECT_THAT(world_.backend.client_ids(), UnorderedElementsAre("client-1", "client-2"));
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre("client-2"));
}

TEST_F(Reregister, AStatusThatWasLostWhileARotationHadBegunIsMadeGoodFromTheRecords) {
  issue();
  ask_for("r1");
  ASSERT_TRUE(world_.crashes_at("before status"));  // published, and not told
  keep_records(world_);
  Json object = world_.client();
  object.erase("status");
  world_.kube.put(api::kApiClients, object);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(published_works());
  EXPECT_EQ(status()["previous"]["id"], "client-1");
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre(published_id()));
}

}  // namespace
}  // namespace apiclient::reconciler
