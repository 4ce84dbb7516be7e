// Whole passes of a rotation, with what somebody else does in between.
#include "api/names.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using test::kClientId;

class RotationPass : public Reconcile {
 protected:
  void annotate(const std::string& name, const std::string& value) {
    world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/" + name, value}}}}}});
  }
  Json rotation() { return world_.client()["status"]["rotation"]; }
};

TEST_F(RotationPass, TheOldSecretGoesOnlyAfterTheNewOneWasReadBack) {
  issue();
  const std::string old = world_.published_value();
  annotate("rotate", "r1:now");
  // Somebody takes the Secret away right after it was published.
  world_.checkpoints.act_at("after publish", [this] { world_.lose_secret(); });
  (void)world_.pass();
  EXPECT_TRUE(world_.backend.accepts(kClientId, old)) << "the new secret cannot be read by anybody";
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.backend.accepts(kClientId, world_.published_value()));
  EXPECT_FALSE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(rotation()["lastHandledToken"], "r1:now");
}

TEST_F(RotationPass, AStatusThatWasRestoredLearnsTheHandledIdsFromTheSecret) {
  issue();
  annotate("rotate", "r1:now");
  ASSERT_TRUE(world_.settle());
  const std::string value = world_.published_value();
  Json restored = world_.client();
  restored["status"] = {{"observedGeneration", -1}};
  world_.kube.put(api::kApiClients, restored);
  world_.restart();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.published_value(), value);
  EXPECT_EQ(rotation()["lastHandledToken"], "r1:now");
  EXPECT_EQ(rotation()["handledIds"], Json({"r1"}));
}

}  // namespace
}  // namespace apiclient::reconciler
