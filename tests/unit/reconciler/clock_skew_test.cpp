// The local clock is not that of the API server, or was set back: nothing happens by time.
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::kClientId;

class ClockSkew : public Reconcile {
 protected:
  void rotate(const std::string& token) {
    world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", token}}}}}});
    ASSERT_TRUE(world_.settle());
  }
  /// As when somebody sets the date.
  void jump(std::chrono::hours by) {
    world_.clock.set_wall_now(world_.clock.wall_now() + by);
    world_.clock_skew += by;
  }
  std::int64_t revision() { return world_.client()["status"]["credential"]["revision"].get<std::int64_t>(); }
};

TEST_F(ClockSkew, ADayForwardRetiresNothingAndBackAgainTheOverlapEndsInItsTime) {
  issue();
  const std::string old = world_.published_value();
  rotate("r1");
  jump(24h);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(world_.condition(api::kPreviousSecretActive), "True ClockSkew");
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  jump(-24h);
  world_.clock.advance(2min);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kPreviousSecretActive), "True Overlap");
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(revision(), 2);
}

TEST_F(ClockSkew, DuringAPassRetiresNothing) {
  issue();
  const std::string old = world_.published_value();
  rotate("r1");
  world_.clock.advance(2min);
  world_.backend.before_next(test::BackendOperation::find, [this] { jump(24h); });
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "now"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(world_.condition(api::kPreviousSecretActive), "True ClockSkew");
}

TEST_F(ClockSkew, ADayBackRetiresNothing) {
  issue();
  const std::string old = world_.published_value();
  rotate("r1");
  jump(-24h);
  world_.clock.advance(2h);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(world_.condition(api::kPreviousSecretActive), "True ClockSkew");
  EXPECT_EQ(revision(), 2);
}

TEST_F(ClockSkew, WhatAPersonAsksForAtOnceStillActs) {
  issue();
  const std::string first = world_.published_value();
  rotate("r1");
  jump(24h);
  rotate("leak:Compromised");
  EXPECT_EQ(revision(), 3);
  EXPECT_FALSE(world_.backend.accepts(kClientId, first));
}

TEST_F(ClockSkew, OfLessThanAMinuteIsNone) {
  issue();
  const std::string old = world_.published_value();
  rotate("r1");
  world_.clock_skew = -50s;
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(world_.backend.accepts(kClientId, old));
}

}  // namespace
}  // namespace apiclient::reconciler
