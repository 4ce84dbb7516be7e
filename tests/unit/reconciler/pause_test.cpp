// The annotation apiclient.dev/paused: no writes but status.
#include "api/names.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using test::an_api_client;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Json kPause = {{"metadata", {{"annotations", {{"apiclient.dev/paused", "true"}}}}}};
const Json kGoOn = {{"metadata", {{"annotations", {{"apiclient.dev/paused", nullptr}}}}}};

TEST_F(Reconcile, APausedNewClientSaysSoAndMakesNothing) {
  world_.apply(an_api_client().annotated(api::kPausedAnnotation, "true"));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "False Paused");
  EXPECT_THAT(writes(), ElementsAre("replace_status apiclients"));
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
  world_.patch_client(kGoOn);
  ASSERT_TRUE(world_.settle());
  expect_well();
}

TEST_F(Reconcile, APausedClientIsLeftAsItIs) {
  issue();
  world_.patch_client(kPause);
  world_.patch_client({{"spec", {{"displayName", "Other"}}}});
  world_.lose_secret();
  world_.clear_records();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
  world_.patch_client(kGoOn);
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

TEST_F(Reconcile, TheDeletionOfAPausedClientWaitsAndSaysSo) {
  issue();
  world_.patch_client(kPause);
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kDeletionBlocked), "True Paused");
  EXPECT_TRUE(world_.backend.accepts(test::kClientId, world_.published_value()));
  world_.patch_client(kGoOn);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.client().is_null());
}

}  // namespace
}  // namespace apiclient::reconciler
