// Registries that are down for a while, share their mark, or are not trusted.

#include "unit/reconciler/registry_pass.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::a_registry;
using test::BackendOperation;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Outages

TEST_F(RegistryPass, BeforeItsTimeNothingIsProbedOrWritten) {
  backend_.fail_all(probe_error(ErrorKind::unavailable));
  ASSERT_THAT(pass(), test::is_ok());
  clock_.advance(1s);
  ASSERT_THAT(pass(), test::is_ok());
  kube_.clear_writes();
  for (int suspicion = 0; suspicion < 50; ++suspicion) {
    const auto action = pass();
    ASSERT_THAT(action, test::is_ok());
    EXPECT_EQ(action->after, 2s);
  }
  EXPECT_EQ(backend_.count(BackendOperation::probe), 2);
  EXPECT_THAT(kube_.writes(), IsEmpty());
  EXPECT_EQ(directory_.find("default")->state, RegistryState::failed);
  EXPECT_THAT(notices_, SizeIs(1));
}

TEST_F(RegistryPass, AnHourOfOutageCostsOneProbePerStep) {
  ASSERT_THAT(pass(), test::is_ok());
  backend_.fail_all(probe_error(ErrorKind::unavailable));
  backend_.clear_calls();
  const BootTime end = clock_.now() + 1h;
  while (clock_.now() < end) {
    ASSERT_THAT(pass(), test::is_ok());
    clock_.advance(500ms);  // a client suspects it twice a second
  }
  // 1 s, 2 s, 4 s, … 256 s, then every 300 s.
  EXPECT_EQ(backend_.count(BackendOperation::probe), 9 + 10 + 1);
}

TEST_F(RegistryPass, ANewTokenIsTriedAtOnce) {
  backend_.fail_next(BackendOperation::probe, probe_error(ErrorKind::unauthorized, 401));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "False CredentialsRefused");
  kube_.put(kube::kSecrets, credentials("right-token"));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "True Reachable");
}

TEST_F(RegistryPass, AnotherMessageOfOneOutageIsNotToldToTheClients) {
  Error first = probe_error(ErrorKind::unavailable);
  first.message = "connection refused";
  Error second = first;
  second.message = "connection reset";
  backend_.fail_next(BackendOperation::probe, first);
  backend_.fail_next(BackendOperation::probe, second);
  backend_.fail_next(BackendOperation::probe, probe_error(ErrorKind::unavailable, 503));
  ASSERT_THAT(pass(), test::is_ok());
  clock_.advance(1s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(status()["conditions"].dump(), HasSubstr("connection reset"));
  EXPECT_THAT(notices_, SizeIs(1));
  clock_.advance(2s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(notices_, SizeIs(2)) << "another reason is";
}

TEST_F(RegistryPass, AfterDegradedAfterItsClientsAreToldOnce) {
  apply(a_registry().with_spec({{"degradedAfter", "10s"}}));
  ASSERT_THAT(pass(), test::is_ok());
  backend_.fail_all(probe_error(ErrorKind::unavailable));
  notices_.clear();
  std::vector<bool> degraded;
  const WallTime began = clock_.wall_now();
  while (clock_.wall_now() < began + 40s) {
    const auto action = pass();
    ASSERT_THAT(action, test::is_ok());
    if (directory_.find("default")->degraded != (clock_.wall_now() >= began + 10s)) {
      ADD_FAILURE() << "after " << (clock_.wall_now() - began).count();
    }
    clock_.advance(*action->after);
  }
  EXPECT_THAT(notices_, SizeIs(2)) << "failed, degraded";
  backend_.recover();
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_FALSE(directory_.find("default")->degraded);
}

TEST_F(RegistryPass, ARestartDoesNotMakeAnOutageYoung) {
  backend_.fail_all(probe_error(ErrorKind::unavailable));
  ASSERT_THAT(pass(), test::is_ok());
  clock_.advance(2h);
  RegistryDirectory of_the_next;
  ClientRegistryReconciler next{{.client = kube_,
                                 .registries = registries_,
                                 .directory = of_the_next,
                                 .users = users_,
                                 .state_loss = state_loss_,
                                 .sweep = sweep_,
                                 .clock = clock_,
                                 .report = report_,
                                 .operator_namespace = "operator",
                                 .connect = [this](const backend::ConnectionConfig&)
                                     -> Result<std::unique_ptr<backend::RegistryConnection>> {
                                   return std::unique_ptr<backend::RegistryConnection>(
                                       std::make_unique<test::FakeConnection>(backend_));
                                 },
                                 .changed = [](const RegistryNews&) {}}};
  ASSERT_THAT(next.reconcile(kKey, {}), test::is_ok());
  EXPECT_TRUE(of_the_next.find("default")->degraded);
}

// Two defaults

TEST_F(RegistryPass, OfTwoDefaultsIsStalledButUsable) {
  ASSERT_THAT(pass(), test::is_ok());
  notices_.clear();
  registries_.put(std::make_shared<api::ClientRegistry>(a_registry().named("second").object()));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "False AmbiguousDefaultRegistry");
  EXPECT_EQ(condition("Stalled"), "True AmbiguousDefaultRegistry");
  EXPECT_THAT(status()["conditions"].dump(), HasSubstr("ClusterClientRegistry second"));
  EXPECT_EQ(directory_.find("default")->state, RegistryState::ready) << "for those who name it";
  EXPECT_THAT(notices_, IsEmpty());
  kube_.clear_writes();
  clock_.advance(60s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(kube_.writes(), IsEmpty());
  registries_.erase({"", "second"});
  recover_quietly();
}

TEST_F(RegistryPass, AnOutageAfterAnAmbiguityIsYoung) {
  registries_.put(std::make_shared<api::ClientRegistry>(a_registry().named("second").object()));
  ASSERT_THAT(pass(), test::is_ok());
  clock_.advance(3h);
  backend_.fail_next(BackendOperation::probe, probe_error(ErrorKind::unavailable));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "False RegistryUnreachable");
  EXPECT_FALSE(directory_.find("default")->degraded);
}

TEST_F(RegistryPass, AnUncheckedCertificateIsAWarning) {
  apply(a_registry().with_spec({{"tls", {{"insecureSkipVerify", true}}}}));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("InsecureTls"), "True InsecureSkipVerify");
  EXPECT_EQ(condition("Ready"), "True Reachable");
  Json mended = kube_.get(api::kClusterClientRegistries, kKey);
  mended["spec"].erase("tls");
  kube_.put(api::kClusterClientRegistries, mended);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("InsecureTls"), "-");
}

}  // namespace
}  // namespace apiclient::reconciler
