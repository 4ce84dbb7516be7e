// A registry object that is in use, is deleted, loses its clients.

#include "unit/reconciler/registry_pass.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::a_registry;
using test::BackendOperation;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class RegistryLifetime : public RegistryPass {
 protected:
  Json object() { return kube_.get(api::kClusterClientRegistries, kKey); }
  std::vector<std::string> finalizers() {
    return object()["metadata"].value("finalizers", std::vector<std::string>());
  }
  void delete_registry() {
    ASSERT_THAT(kube_.remove(api::kClusterClientRegistries, kKey, {}, {}), test::is_ok());
  }
  void patch(const Json& change) {
    Json changed = object();
    changed.merge_patch(change);
    kube_.put(api::kClusterClientRegistries, changed);
  }
  void issue_clients(int count) {
    for (int number = 0; number < count; ++number) {
      const std::string id = "client-" + std::to_string(number);
      clients_.put(std::make_shared<api::ApiClientSummary>(api::ApiClientSummary{
          .key = {"team-a", id}, .revision = 1, .pinned_registry = "default", .client_id = id}));
      register_client(id);
    }
  }
  void register_client(const std::string& id) {
    backend_.put({.registered = {.settings = {.client_id = id},
                                 .mark = backend::OwnershipMark{.installation_id = test::kInstallation}}});
  }
  /// As when a client finds itself absent.
  void lose_everything() {
    backend_.drop_all();
    EXPECT_FALSE(state_loss_
                     .check_absent(*directory_.find("default"), test::an_api_client().issued().object(),
                                   "client-0", {})
                     .has_value());
  }
  void accept(const std::string& token) {
    patch({{"metadata", {{"annotations", {{"apiclient.dev/accept-state-loss", token}}}}}});
  }
};

TEST_F(RegistryLifetime, TheFirstUserBringsTheFinalizerAndTheLastOneTakesIt) {
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(finalizers(), IsEmpty());
  users_.move("", "default");
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(finalizers(), Contains("apiclient.dev/in-use"));
  EXPECT_EQ(condition("Ready"), "True Reachable");
  kube_.clear_writes();
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(kube_.writes(), IsEmpty());
  users_.move("default", "");
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(finalizers(), IsEmpty());
}

TEST_F(RegistryLifetime, ARegistryInUseIsNotDeletedAndSaysWhy) {
  users_.move("", "default");
  users_.move("", "default");
  ASSERT_THAT(pass(), test::is_ok());
  delete_registry();
  ASSERT_THAT(pass(), test::is_ok());
  ASSERT_FALSE(object().is_null());
  EXPECT_EQ(condition("DeletionBlocked"), "True InUse");
  EXPECT_THAT(status()["conditions"].dump(), HasSubstr("2 ApiClients"));
  EXPECT_EQ(condition("Ready"), "True Reachable") << "its clients can still be removed";
  EXPECT_TRUE(directory_.find("default")->deleting);
  users_.move("default", "");
  users_.move("default", "");
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_TRUE(object().is_null());
}

TEST_F(RegistryLifetime, ABlockedDeletionIsShownDuringAnOutageToo) {
  users_.move("", "default");
  backend_.fail_all(probe_error(ErrorKind::unavailable));
  ASSERT_THAT(pass(), test::is_ok());
  delete_registry();
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("DeletionBlocked"), "True InUse");
  const int probes = backend_.count(BackendOperation::probe);
  users_.move("", "default");
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(status()["conditions"].dump(), HasSubstr("2 ApiClients"));
  EXPECT_EQ(backend_.count(BackendOperation::probe), probes) << "it is not its time yet";
}

TEST_F(RegistryLifetime, OrphanOnDeleteLetsGoAtOnceAndRemembers) {
  apply(a_registry().with_spec({{"orphanOnDelete", true}}));
  users_.move("", "default");
  ASSERT_THAT(pass(), test::is_ok());
  delete_registry();
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_TRUE(object().is_null());
  EXPECT_THAT(logs_.text(), HasSubstr("registry let go while it is in use"));
  const auto remembered = OrphanedRegistries(kube_, "operator").contains("default", test::kIssuer, {});
  ASSERT_THAT(remembered, test::is_ok());
  EXPECT_TRUE(*remembered);
}

TEST_F(RegistryLifetime, AnEmptiedRegistryIsNotReadyAndIsWellWhenItIsRestored) {
  issue_clients(20);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(backend_.count(BackendOperation::list), 0) << "without a reason nobody counts";
  lose_everything();
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "False StateLost");
  EXPECT_EQ(condition("Reconciling"), "True StateLost");
  EXPECT_THAT(status()["conditions"].dump(), HasSubstr("20 of 20"));
  EXPECT_EQ(directory_.find("default")->state, RegistryState::failed);
  EXPECT_EQ(backend_.count(BackendOperation::list), 1);
  for (int number = 0; number < 20; ++number) register_client("client-" + std::to_string(number));
  clock_.advance(60s);
  recover(0s);
}

TEST_F(RegistryLifetime, ARestartDoesNotForgetALoss) {
  issue_clients(20);
  ASSERT_THAT(pass(), test::is_ok());
  lose_everything();
  ASSERT_THAT(pass(), test::is_ok());
  state_loss_.forget("default");  // as a new process
  clock_.advance(60s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "False StateLost");
}

TEST_F(RegistryLifetime, AWordAcceptsALossOnce) {
  issue_clients(20);
  ASSERT_THAT(pass(), test::is_ok());
  lose_everything();
  ASSERT_THAT(pass(), test::is_ok());
  accept("yes-1");
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "True Reachable") << "at once, not at the next probe";
  EXPECT_EQ(status()["acceptedStateLoss"]["token"], "yes-1");
  EXPECT_TRUE(status()["acceptedStateLoss"].contains("time"));
  EXPECT_FALSE(status()["acceptedStateLoss"].contains("restoredTime"));
  EXPECT_TRUE(directory_.find("default")->accepted_state_loss.is_open());
  for (int number = 0; number < 20; ++number) register_client("client-" + std::to_string(number));
  clock_.advance(60s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_TRUE(status()["acceptedStateLoss"].contains("restoredTime"));
  EXPECT_FALSE(directory_.find("default")->accepted_state_loss.is_open());
  clock_.advance(60s);
  lose_everything();
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "False StateLost") << "the old word does not cover a new loss";
}

TEST_F(RegistryLifetime, ADefaultThatIsGoingIsNoRival) {
  Json going = a_registry().named("second").json();
  going["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
  registries_.put(std::make_shared<api::ClientRegistry>(api::read_client_registry(going).value()));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "True Reachable");
}

}  // namespace
}  // namespace apiclient::reconciler
