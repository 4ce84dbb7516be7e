// spec.suspended, and deletionPolicy: Disable: the client gets no tokens and keeps its secrets.
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using ::testing::ElementsAre;

const Json kSuspend = {{"spec", {{"suspended", true}}}, {"metadata", {{"generation", 2}}}};
const Json kResume = {{"spec", {{"suspended", false}}}, {"metadata", {{"generation", 3}}}};

class Suspension : public Reconcile {
 protected:
  void patch(const Json& change) {
    world_.patch_client(change);
    world_.clear_records();
    ASSERT_TRUE(world_.settle());
  }
  bool disabled() { return world_.backend.client(kClientId)->registered.disabled; }
};

TEST_F(Suspension, EndsAccessAndComesBackWithTheSameSecret) {
  issue();
  const std::string value = world_.published_value();
  patch(kSuspend);
  EXPECT_TRUE(disabled());
  EXPECT_EQ(world_.condition(api::kReady), "True Suspended");
  EXPECT_THAT(writes(), ElementsAre("replace_status apiclients"));
  EXPECT_EQ(world_.published_value(), value);
  patch(kResume);
  EXPECT_FALSE(disabled());
  EXPECT_EQ(world_.published_value(), value);
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 1) << "what works again is tried";
  expect_well();
}

TEST_F(Suspension, OfANewClientPublishesWithoutAnEnabledClient) {
  world_.apply(an_api_client().with_spec({{"suspended", true}}));
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(disabled());
  EXPECT_EQ(world_.condition(api::kReady), "True Suspended");
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0);
  patch(kResume);
  expect_well();
}

TEST_F(Suspension, IsNoReasonToMintANewSecret) {
  issue();
  patch(kSuspend);
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "look"}}}}}});
  ASSERT_TRUE(world_.settle());
  world_.restart();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.client()["status"]["credential"]["revision"], 1);
}

TEST_F(Suspension, IsHealedWhenSomebodyElseHasDisabledTheClient) {
  issue();
  (void)world_.backend.set_disabled(kClientId, test::kUid, true, {});
  patch({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "look"}}}}}});
  expect_well();
}

TEST_F(Suspension, ByDeletionKeepsTheClientAndARecreatedObjectBringsItBackWithANewSecret) {
  issue(an_api_client().with_spec({{"deletionPolicy", "Disable"}}));
  const std::string old = world_.published_value();
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.client().is_null());
  EXPECT_TRUE(world_.secret().is_null());
  EXPECT_TRUE(disabled());
  world_.apply(an_api_client().named(test::kName, "uid-second").with_spec({{"deletionPolicy", "Disable"}}));
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_FALSE(world_.backend.accepts(kClientId, old)) << "it goes before the client is enabled";
}

TEST_F(Suspension, IsAudited) {
  issue(an_api_client().with_spec({{"deletionPolicy", "Disable"}}));
  patch(kSuspend);
  patch(kResume);
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  std::vector<std::string> actions;
  for (const std::string& text : world_.audit.lines()) {
    const Json line = Json::parse(text);
    const std::string action = line["action"].get<std::string>();
    if (action.ends_with("abled")) actions.push_back(action + " " + line["reason"].get<std::string>());
  }
  EXPECT_THAT(actions, ElementsAre("client.disabled SpecChanged", "client.enabled SpecChanged",
                                   "client.disabled Deleted"));
}

}  // namespace
}  // namespace apiclient::reconciler
