#include "reconciler/client_cleanup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/conditions.h"
#include "api/names.h"
#include "support/matchers.h"
#include "unit/reconciler/world.h"

namespace apiclient::reconciler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using test::Verb;
using test::World;

class Cleanup : public ::testing::Test {
 protected:
  void issue_and_delete(const test::ApiClientBuilder& client = an_api_client()) {
    world_.apply(client);
    ASSERT_TRUE(world_.settle());
    world_.delete_client();
    world_.clear_records();
  }
  void expect_gone() {
    EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
    EXPECT_TRUE(world_.secret().is_null());
    EXPECT_THAT(world_.staged(), IsEmpty());
    EXPECT_TRUE(world_.client().is_null());
  }
  void expect_blocked(const std::string& reason) {
    EXPECT_EQ(world_.condition(api::kDeletionBlocked), "True " + reason);
    EXPECT_EQ(world_.condition(api::kReady), "False DeletionBlocked");
    EXPECT_FALSE(world_.secret().is_null()) << "the registry comes first";
  }
  void give_the_person_a_way_out(const Json& patch) {
    world_.patch_client(patch);
    ASSERT_TRUE(world_.settle());
    EXPECT_TRUE(world_.client().is_null());
  }

  World world_;
};

TEST_F(Cleanup, TakesTwoWrites) {
  issue_and_delete();
  ASSERT_THAT(world_.pass(), test::is_ok());
  expect_gone();
  EXPECT_THAT(world_.kube.writes(), SizeIs(2));
  EXPECT_EQ(world_.backend.count(BackendOperation::remove), 1);
}

TEST_F(Cleanup, OfWhatWasNeverRegisteredAsksNobody) {
  world_.apply(an_api_client().finalized());
  world_.delete_client();
  world_.registry_is_gone();
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.client().is_null());
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
}

TEST_F(Cleanup, WaitsForTheFinalizersOfOthers) {
  issue_and_delete(an_api_client().finalized().created_at("2026-01-01T00:00:00Z"));
  world_.patch_client({{"metadata", {{"finalizers", {"apiclient.dev/registry-cleanup", "somebody/else"}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre(kClientId));
  world_.patch_client({{"metadata", {{"finalizers", {"apiclient.dev/registry-cleanup"}}}}});
  ASSERT_TRUE(world_.settle());
  expect_gone();
}

TEST_F(Cleanup, OfAMintThatHasOnlyBegunFindsItsClient) {
  world_.apply(an_api_client());
  ASSERT_TRUE(world_.crashes_at("before publish"));
  ASSERT_THAT(world_.staged(), SizeIs(1));
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  expect_gone();
}

TEST_F(Cleanup, ALostReplyOfTheRegistryIsMadeUpFor) {
  issue_and_delete();
  world_.backend.lose_reply_next(BackendOperation::remove);
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  expect_gone();
}

TEST_F(Cleanup, LostRepliesOfTheClusterAreMadeUpFor) {
  issue_and_delete();
  world_.kube.lose_reply_next(Verb::remove, "secrets");
  EXPECT_FALSE(world_.pass().has_value());
  world_.kube.lose_reply_next(Verb::merge_patch, "apiclients");
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  expect_gone();
}

TEST_F(Cleanup, LeavesTheClientOfAnother) {
  issue_and_delete();
  auto client = *world_.backend.client(kClientId);
  client.registered.mark->installation_id = "elsewhere";
  world_.backend.put(client);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.client().is_null());
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre(kClientId));
}

TEST_F(Cleanup, LeavesAForeignSecret) {
  issue_and_delete();
  world_.lose_secret();
  world_.kube.put(kube::kSecrets, test::a_target_secret().foreign().json());
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.client().is_null());
  EXPECT_FALSE(world_.secret().is_null());
}

TEST_F(Cleanup, DoesNotDeleteASecretThatWasReplacedMeanwhile) {
  issue_and_delete();
  Json foreign;
  world_.backend.before_next(BackendOperation::remove, [&] {
    world_.lose_secret();
    foreign = world_.kube.put(
        kube::kSecrets,
        test::a_target_secret().foreign().patched({{"metadata", {{"uid", "another"}}}}).json());
  });
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::conflict));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.secret(), foreign);
  EXPECT_TRUE(world_.client().is_null());
}

TEST_F(Cleanup, DoesNotDeleteASecretThatWasHandedOverMeanwhile) {
  issue_and_delete();
  world_.backend.before_next(BackendOperation::remove, [&] {
    world_.patch_secret({{"metadata",
                          {{"labels", {{"apiclient.dev/name", "other"}}},
                           {"annotations", {{"apiclient.dev/owner-uid", "uid-other"}}}}}});
  });
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::conflict));
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(world_.secret().is_null());
  EXPECT_TRUE(world_.client().is_null());
}

// Blocked

TEST_F(Cleanup, IsBlockedByARegistryThatFailsAndGoesOnLater) {
  issue_and_delete();
  world_.registry_fails("RegistryUnreachable");
  const auto action = world_.pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_TRUE(action->after);
  expect_blocked("RegistryUnreachable");
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
  world_.registry_recovers();
  ASSERT_TRUE(world_.settle());
  expect_gone();
}

TEST_F(Cleanup, IsBlockedByARegistryThatRefusesAndHasItProbed) {
  issue_and_delete();
  world_.backend.fail_next(BackendOperation::remove, {.kind = ErrorKind::forbidden, .message = "403"});
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::forbidden));
  expect_blocked("CredentialsRefused");
  EXPECT_THAT(world_.take_suspects(), ElementsAre("default"));
  ASSERT_TRUE(world_.settle());
  expect_gone();
}

TEST_F(Cleanup, IsBlockedByARegistryThatIsGone) {
  issue_and_delete();
  world_.registry_is_gone();
  ASSERT_THAT(world_.pass(), test::is_ok());
  expect_blocked("RegistryNotFound");
  EXPECT_THAT(world_.client()["status"]["conditions"].dump(), HasSubstr("apiclient.dev/abandon"));
}

TEST_F(Cleanup, IsBlockedWhileTheNamespacedKindIsOff) {
  issue_and_delete();
  world_.patch_client({{"status", {{"registry", {{"kind", "ClientRegistry"}}}}}});
  ASSERT_THAT(world_.pass(), test::is_ok());
  expect_blocked("NamespacedRegistriesDisabled");
  const std::string conditions = world_.client()["status"]["conditions"].dump();
  EXPECT_THAT(conditions, HasSubstr("--allow-namespaced-registries"));
  EXPECT_THAT(conditions, HasSubstr("apiclient.dev/abandon"));
}

TEST_F(Cleanup, WaitsForTheFirstProbeWithoutAWord) {
  issue_and_delete();
  world_.registry_awaits_its_probe();
  world_.namespace_goes_since(1h);
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::unavailable));
  EXPECT_THAT(world_.kube.writes(), IsEmpty()) << "neither blocked nor given up";
  world_.registry_recovers();
  ASSERT_TRUE(world_.settle());
  expect_gone();
}

TEST_F(Cleanup, OfANamespaceThatIsGoingIsGivenUpAfterTenMinutes) {
  issue_and_delete();
  world_.registry_is_gone();
  world_.namespace_goes_since(9min);
  ASSERT_THAT(world_.pass(), test::is_ok());
  expect_blocked("RegistryNotFound");
  world_.namespace_goes_since(11min);
  ASSERT_THAT(world_.pass(), test::is_ok());
  EXPECT_TRUE(world_.client().is_null());
  EXPECT_TRUE(world_.secret().is_null());
  EXPECT_THAT(world_.logs.text(), HasSubstr("client abandoned"));
}

TEST_F(Cleanup, WorksWithTheLastConnectionWhenTheCredentialsWentFirst) {
  issue_and_delete();
  world_.registry_fails("CredentialsNotFound");
  ASSERT_TRUE(world_.settle());
  expect_gone();
}

TEST_F(Cleanup, OfABlockedOneIsReleasedByRetain) {
  issue_and_delete();
  world_.registry_is_gone();
  ASSERT_THAT(world_.pass(), test::is_ok());
  give_the_person_a_way_out({{"spec", {{"deletionPolicy", "Retain"}}}});
  EXPECT_FALSE(world_.secret().is_null()) << "retained";
  EXPECT_THAT(world_.backend.client_ids(), ElementsAre(kClientId));
}

TEST_F(Cleanup, OfABlockedOneIsReleasedByAbandonWithTheUid) {
  issue_and_delete();
  world_.registry_is_gone();
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/abandon", "true"}}}}}});
  ASSERT_THAT(world_.pass(), test::is_ok());
  expect_blocked("RegistryNotFound");
  give_the_person_a_way_out({{"metadata", {{"annotations", {{"apiclient.dev/abandon", test::kUid}}}}}});
  EXPECT_TRUE(world_.secret().is_null());
  EXPECT_THAT(world_.logs.text(), HasSubstr("client abandoned"));
}

// Retain

TEST_F(Cleanup, RetainLeavesClientAndSecretAndSaysSo) {
  issue_and_delete(an_api_client().with_spec({{"deletionPolicy", "Retain"}}));
  world_.registry_fails("RegistryUnreachable");
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.client().is_null());
  EXPECT_TRUE(world_.backend.accepts(kClientId, world_.published_value()));
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
  EXPECT_THAT(world_.logs.text(), HasSubstr("retained"));
}

}  // namespace
}  // namespace apiclient::reconciler
