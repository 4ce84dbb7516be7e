#include "reconciler/registry_connections.h"

#include <gtest/gtest.h>

#include "support/fake_backend.h"
#include "support/fake_clock.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;

class RegistryConnections : public ::testing::Test {
 protected:
  using Known = reconciler::RegistryConnections;
  using Origin = Known::Origin;

  RegistryConnections() { known_.put("default", kOrigin, connection_); }

  static kube::ObjectMeta object(std::string uid) {
    return {.key = {.namespace_name = "", .name = "default"}, .uid = std::move(uid)};
  }
  [[nodiscard]] BootTime now() const { return clock_.now(); }
  void note(Known::Outcome outcome) { known_.note("default", std::move(outcome), now() + 60s); }
  static Known::Outcome trouble() { return {.trouble = RegistryTrouble{.reason = "Unreachable"}}; }

  const Origin kOrigin{.uid = "uid-1", .generation = 1, .secret_version = "7"};
  test::FakeClock clock_;
  test::FakeBackend backend_;
  Known::Connection connection_ = std::make_shared<test::FakeConnection>(backend_);
  Known known_;
};

TEST_F(RegistryConnections, AreKeptWhileNothingChangesThatTheyAreMadeFrom) {
  EXPECT_EQ(known_.made_from("default", kOrigin), connection_);
  EXPECT_EQ(known_.made_from("other", kOrigin), nullptr);
  EXPECT_EQ(known_.made_from("default", {.uid = "uid-2", .generation = 1, .secret_version = "7"}), nullptr);
  EXPECT_EQ(known_.made_from("default", {.uid = "uid-1", .generation = 2, .secret_version = "7"}), nullptr);
  EXPECT_EQ(known_.made_from("default", {.uid = "uid-1", .generation = 1, .secret_version = "8"}), nullptr);
}

TEST_F(RegistryConnections, AreOfOneObject) {
  EXPECT_EQ(known_.last_of(object("uid-1")), connection_);
  EXPECT_EQ(known_.last_of(object("uid-2")), nullptr) << "made again under its name";
  known_.forget("default");
  EXPECT_EQ(known_.last_of(object("uid-1")), nullptr);
}

TEST_F(RegistryConnections, AreProbedWhenNew) { EXPECT_FALSE(known_.take_turn("default", now())); }

TEST_F(RegistryConnections, KeepTheOutcomeUntilTheNextProbe) {
  note({.info = {.server_version = "1.2"}});
  clock_.advance(20s);
  const auto held = known_.take_turn("default", now());
  ASSERT_TRUE(held);
  EXPECT_EQ(held->outcome.info.server_version, "1.2");
  EXPECT_EQ(held->too_early_by, 40s);
  clock_.advance(40s);
  EXPECT_FALSE(known_.take_turn("default", now()));
}

TEST_F(RegistryConnections, AreProbedOnceBySuspicion) {
  note({});
  known_.suspect("default");
  EXPECT_FALSE(known_.take_turn("default", now()));
  note({});
  EXPECT_TRUE(known_.take_turn("default", now())) << "the probe has answered it";
}

TEST_F(RegistryConnections, ThatAreKnownToFailAreNotProbedBySuspicion) {
  note(trouble());
  known_.suspect("default");
  const auto held = known_.take_turn("default", now());
  ASSERT_TRUE(held && held->outcome.trouble);
  EXPECT_EQ(held->outcome.trouble->reason, "Unreachable");
}

TEST_F(RegistryConnections, CanBeMadeDue) {
  note(trouble());
  known_.make_due("default");
  EXPECT_FALSE(known_.take_turn("default", now()));
}

TEST_F(RegistryConnections, ForgetWhatAnotherOneHasShown) {
  note(trouble());
  known_.put("default", kOrigin, connection_);
  EXPECT_FALSE(known_.take_turn("default", now()));
}

TEST_F(RegistryConnections, ThatAreNotThereAreNoMatter) {
  known_.suspect("other");
  known_.make_due("other");
  known_.forget("other");
  EXPECT_EQ(known_.made_from("other", kOrigin), nullptr);
}

}  // namespace
}  // namespace apiclient::reconciler
