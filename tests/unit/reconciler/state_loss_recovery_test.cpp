// A registry that was emptied behind our back, as its clients see it; and clients whose registry was let go.

#include "reconciler/orphaned_registries.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using test::a_registry;
using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using test::kIssuer;
using ::testing::IsEmpty;

const kube::ObjectKey kSecondKey{test::kNamespace, "second"};

class LostState : public Reconcile {
 protected:
  void SetUp() override {
    issue();
    world_.apply(an_api_client().named("second", "uid-second"));
    ASSERT_THAT(world_.pass(kSecondKey), test::is_ok());
    ASSERT_EQ(world_.backend.client_ids().size(), 2U);
    secret_ = world_.secret();
    value_ = world_.published_value();
    world_.backend.drop_all();
    world_.clear_records();
  }
  void look_again() {
    world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "now"}}}}}});
  }

  Json secret_;
  std::string value_;
};

TEST_F(LostState, NothingIssuedIsRegisteredAgain) {
  look_again();
  EXPECT_FALSE(world_.pass().has_value());
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
  EXPECT_EQ(world_.backend.count(BackendOperation::create), 0);
  EXPECT_EQ(world_.condition(api::kReady), "False StateLost");
  EXPECT_EQ(world_.condition(api::kReconciling), "True StateLost");
  EXPECT_THAT(world_.take_suspects(), ::testing::ElementsAre("default"));
  EXPECT_EQ(world_.secret(), secret_);
  world_.registry_fails("StateLost");
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "False StateLost") << "what is published does not work";
  EXPECT_EQ(world_.secret(), secret_);
}

TEST_F(LostState, AMissingSecretIsNoWayAroundIt) {
  world_.lose_secret();
  EXPECT_FALSE(world_.pass().has_value());
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
  EXPECT_EQ(world_.condition(api::kReady), "False StateLost");
}

TEST_F(LostState, AWordBringsTheSameSecretBack) {
  look_again();
  EXPECT_FALSE(world_.pass().has_value());
  api::ClientRegistryStatus status;
  status.accepted_state_loss = {.token = "yes", .time = world_.clock.wall_now()};
  world_.registry_is(a_registry().with_status(status));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  EXPECT_TRUE(world_.backend.accepts(kClientId, value_));
  EXPECT_EQ(world_.published_value(), value_);
}

TEST_F(LostState, AnAbsentClientDoesNotCountAsDeleted) {
  world_.delete_client();
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_FALSE(world_.client().is_null());
  EXPECT_EQ(world_.condition(api::kDeletionBlocked), "True StateLost");
  EXPECT_EQ(world_.secret(), secret_);
}

TEST_F(Reconcile, TheOnlyClientThatIsLostIsRegisteredAgainByItself) {
  issue();
  const std::string value = world_.published_value();
  world_.backend.drop_all();
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "now"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.backend.accepts(kClientId, value));
}

// orphanOnDelete

TEST_F(Reconcile, AnOrphanOfADeletedRegistryIsReleased) {
  issue();
  ASSERT_THAT(OrphanedRegistries(world_.kube, test::kOperatorNamespace).remember("default", kIssuer, {}),
              test::is_ok());
  world_.registry_is_gone();
  world_.delete_client();
  ASSERT_THAT(world_.pass(), test::is_ok());
  EXPECT_TRUE(world_.client().is_null());
  EXPECT_TRUE(world_.secret().is_null());
  EXPECT_NE(world_.logs.text().find("client abandoned"), std::string::npos);
}

TEST_F(Reconcile, AnotherRegistryOfThatNameIsNoExcuse) {
  issue();
  ASSERT_THAT(
      OrphanedRegistries(world_.kube, test::kOperatorNamespace).remember("default", "http://other", {}),
      test::is_ok());
  world_.registry_is_gone();
  world_.delete_client();
  ASSERT_THAT(world_.pass(), test::is_ok());
  EXPECT_EQ(world_.condition(api::kDeletionBlocked), "True RegistryNotFound");
}

TEST_F(Reconcile, OrphanOnDeleteDoesNotWaitForABrokenRegistry) {
  issue();
  world_.registry_is(a_registry().with_spec({{"orphanOnDelete", true}}));
  world_.registry_fails("RegistryUnreachable");
  world_.delete_client();
  ASSERT_THAT(world_.pass(), test::is_ok());
  EXPECT_TRUE(world_.client().is_null());
}

TEST_F(Reconcile, OrphanOnDeleteStillRemovesTheClientWhereItCan) {
  issue();
  world_.registry_is(a_registry().with_spec({{"orphanOnDelete", true}}));
  world_.backend.fail_next(BackendOperation::find, unavailable());
  world_.delete_client();
  EXPECT_FALSE(world_.pass().has_value()) << "one failed call is not yet a broken registry";
  ASSERT_FALSE(world_.client().is_null());
  ASSERT_THAT(world_.pass(), test::is_ok());
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
}

}  // namespace
}  // namespace apiclient::reconciler
