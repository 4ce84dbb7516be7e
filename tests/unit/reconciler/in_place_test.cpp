// Rotation where the registry holds one secret for each client: what is refused, and what is asked before the
// old secret ends.
#include <algorithm>

#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InPlace : public Reconcile {
 protected:
  InPlace() { world_.registry_is(test::a_registry_of_one_secret()); }

  void accept_the_gap() {
    world_.registry_is(test::a_registry_of_one_secret().with_spec({{"allowInPlaceRotation", true}}));
  }
  void ask_for(const std::string& token) {
    world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", token}}}}}});
  }
  Json rotation() { return world_.client()["status"]["rotation"]; }
};

TEST_F(InPlace, IsShownAsTheStrategy) {
  issue();
  EXPECT_EQ(rotation()["strategy"], "InPlace");
}

TEST_F(InPlace, ATokenIsRefusedWhereNobodyHasAcceptedTheGap) {
  issue();
  const std::string value = world_.published_value();
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(rotation()["refused"]["reason"], "NotSupportedByRegistry");
  EXPECT_EQ(world_.published_value(), value);
  expect_well(1);
}

struct ConsentRow {
  std::string name;
  Json registry;
  Json spec;
  std::string token;
};
class InPlaceConsent : public InPlace, public ::testing::WithParamInterface<ConsentRow> {};

TEST_P(InPlaceConsent, Rotates) {
  world_.registry_is(test::a_registry_of_one_secret().with_spec(GetParam().registry));
  issue(an_api_client().with_spec(GetParam().spec));
  const std::string old = world_.published_value();
  ask_for(GetParam().token);
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_FALSE(world_.backend.accepts(kClientId, old));
  EXPECT_FALSE(world_.client()["status"].contains("previous")) << "an overlap is never faked";
  EXPECT_EQ(rotation()["lastHandledToken"], GetParam().token);
}

INSTANTIATE_TEST_SUITE_P(
    By, InPlaceConsent,
    ::testing::Values(ConsentRow{"Registry", {{"allowInPlaceRotation", true}}, Json::object(), "r1"},
                      ConsentRow{"Spec", Json::object(), {{"rotation", {{"overlap", "0s"}}}}, "r1"},
                      ConsentRow{"Now", Json::object(), Json::object(), "r1:now"},
                      ConsentRow{"Compromised", Json::object(), Json::object(), "r1:Compromised"}),
    test::RowName());

TEST_F(InPlace, TheOldSecretStaysWhereTheNewOneCouldNotBePublished) {
  accept_the_gap();
  issue();
  const std::string old = world_.published_value();
  world_.kube.fail_next(test::Verb::rehearse, "secrets",
                        {.kind = ErrorKind::forbidden, .message = "exceeded quota", .status_code = 403});
  ask_for("r1");
  (void)world_.pass();
  EXPECT_TRUE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(world_.backend.count(BackendOperation::replace_credential), 0);
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

TEST_F(InPlace, NothingStandsBetweenReplacementAndPublication) {
  accept_the_gap();
  issue();
  const std::size_t before = world_.checkpoints.reached().size();
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  const auto& reached = world_.checkpoints.reached();
  const std::vector<std::string> points(reached.begin() + static_cast<std::ptrdiff_t>(before), reached.end());
  const auto replaced = std::ranges::find(points, "after replace-credential");
  ASSERT_NE(replaced, points.end());
  EXPECT_THAT(std::vector<std::string>(replaced + 1, replaced + 4),
              ElementsAre("before verify", "after verify", "before publish"));
}

TEST_F(InPlace, ARegistryThatDoesNotAnswerTheTrialDoesNotHoldUpTheOnlySecretThatCanWork) {
  accept_the_gap();
  issue();
  world_.backend.make_verdict_unknown(true);
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.backend.accepts(kClientId, world_.published_value()));
  EXPECT_EQ(world_.secret()["metadata"]["annotations"]["apiclient.dev/revision"], "2");
}

TEST_F(InPlace, ALostReplyOfTheReplacementIsContinuedWithTheSameValue) {
  accept_the_gap();
  issue();
  world_.backend.lose_reply_next(BackendOperation::replace_credential);
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

TEST_F(InPlace, ALostSecretNeedsNobodysConsent) {
  issue();
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

TEST_F(InPlace, TheEventTellsOfTheGap) {
  accept_the_gap();
  issue();
  ask_for("r1");
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.events.notes(), Contains(HasSubstr("holds one secret")));
}

}  // namespace
}  // namespace apiclient::reconciler
