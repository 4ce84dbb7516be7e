// Nothing is published that the registry does not accept.

#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using test::an_api_client;
using test::kClientId;
using test::Verb;

TEST_F(Reconcile, NothingIsPublishedBeforeTheTokenEndpointAnswers) {
  world_.backend.make_verdict_unknown(true);
  world_.apply(an_api_client());
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::unavailable));
  EXPECT_TRUE(world_.secret().is_null());
  EXPECT_EQ(world_.condition(api::kReady), "False VerificationPending");
  EXPECT_THAT(world_.staged(), SizeIs(1));
  world_.backend.make_verdict_unknown(false);
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

TEST_F(Reconcile, ARejectedSecretIsReplacedAndTheThirdTimeStalls) {
  world_.backend.reject_next_verifications(3);
  world_.apply(an_api_client());
  for (int count = 1; count <= 2; ++count) {
    EXPECT_FALSE(world_.pass().has_value());
    EXPECT_EQ(world_.client()["status"]["failure"]["count"], count);
    EXPECT_EQ(world_.condition(api::kStalled), "-");
    EXPECT_THAT(world_.staged(), IsEmpty());
    EXPECT_THAT(world_.backend.client(kClientId)->registered.credentials, IsEmpty());
  }
  const auto third = world_.pass();
  ASSERT_THAT(third, test::is_ok());
  EXPECT_FALSE(third->after) << "a person has to act";
  EXPECT_EQ(world_.condition(api::kStalled), "True CredentialRejected");
  EXPECT_TRUE(world_.secret().is_null());
  // The event of the status that says so brings another pass.
  world_.clear_records();
  ASSERT_THAT(world_.pass(), test::is_ok());
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
  EXPECT_THAT(world_.kube.writes(), IsEmpty());
  world_.patch_client({{"spec", {{"displayName", "Try again"}}}});
  ASSERT_TRUE(world_.settle());
  expect_well(4);
}

TEST_F(Reconcile, ACrashBetweenRetiringAndUnstagingARejectedSecretIsSurvived) {
  world_.backend.reject_next_verifications(1);
  world_.kube.fail_next(Verb::remove, "secrets", unavailable());
  world_.apply(an_api_client());
  EXPECT_FALSE(world_.pass().has_value());
  EXPECT_THAT(world_.staged(), SizeIs(1)) << "its secret is retired, it is still staged";
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

TEST_F(Reconcile, AReregisteredClientIsNotReadyBeforeItsSecretIsAccepted) {
  issue();
  world_.backend.drop_all();
  world_.backend.make_verdict_unknown(true);
  world_.clock.advance(12min);
  (void)world_.pass();
  EXPECT_FALSE(world_.pass().has_value());
  EXPECT_FALSE(world_.pass().has_value()) << "still not verified";
  EXPECT_EQ(world_.condition(api::kRegistered), "Unknown VerificationPending");
  world_.backend.make_verdict_unknown(false);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kRegistered), "True UpToDate");
  expect_well(1);
}

TEST_F(Reconcile, AReregisteredClientWhoseSecretIsRejectedGetsANewOne) {
  issue();
  world_.backend.drop_all();
  world_.backend.reject_next_verifications(2);
  world_.clock.advance(12min);
  (void)world_.pass();
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

}  // namespace
}  // namespace apiclient::reconciler
