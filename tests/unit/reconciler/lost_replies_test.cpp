// What was done although its reply was lost is never done twice.

#include <functional>

#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using test::Verb;
using test::World;
using ::testing::ElementsAre;
using ::testing::SizeIs;

struct LostReply {
  std::string name;
  std::function<void(World&)> lose;
};
class LostReplies : public Reconcile, public ::testing::WithParamInterface<LostReply> {};

TEST_P(LostReplies, AreMadeUpForAtFirstIssuance) {
  GetParam().lose(world_);
  world_.apply(an_api_client());
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LostReplies,
    ::testing::Values(
        LostReply{"Finalizer", [](World& w) { w.kube.lose_reply_next(Verb::merge_patch, "apiclients"); }},
        LostReply{"StageOrPublish", [](World& w) { w.kube.lose_reply_next(Verb::create, "secrets"); }},
        LostReply{"Publish",
                  [](World& w) {
                    w.kube.on_write([&w](const test::FakeKube::Write& write) {
                      if (write.key == test::kSecretKey && w.secret().is_null()) {
                        w.kube.on_write(nullptr);
                        w.kube.lose_reply_next(Verb::create, "secrets");
                      }
                    });
                  }},
        LostReply{"Create", [](World& w) { w.backend.lose_reply_next(BackendOperation::create); }},
        LostReply{"Status", [](World& w) { w.kube.lose_reply_next(Verb::replace_status, "apiclients"); }},
        LostReply{"Unstage", [](World& w) { w.kube.lose_reply_next(Verb::remove, "secrets"); }},
        LostReply{"StatusConflict",
                  [](World& w) {
                    w.kube.on_write([&w](const test::FakeKube::Write& write) {
                      if (write.verb != Verb::replace_status) return;
                      w.kube.on_write(nullptr);
                      w.patch_client({{"metadata", {{"labels", {{"somebody", "else"}}}}}});
                    });
                  }}),
    test::RowName());

TEST_F(Reconcile, ALostReplyOfAnAddedSecretIsMadeUpFor) {
  issue();
  world_.lose_secret();
  world_.backend.lose_reply_next(BackendOperation::add_credential);
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::unavailable));
  EXPECT_THAT(world_.take_suspects(), ElementsAre("default"));
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_THAT(world_.backend.client(kClientId)->registered.credentials, SizeIs(2));
}

TEST_F(Reconcile, ALostReplyOfAnUpdateIsMadeUpFor) {
  issue();
  world_.patch_client({{"spec", {{"displayName", "New name"}}}});
  world_.backend.lose_reply_next(BackendOperation::update);
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::update), 1);
  expect_well();
}

}  // namespace
}  // namespace apiclient::reconciler
