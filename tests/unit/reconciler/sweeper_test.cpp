#include "reconciler/sweeper.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/names.h"
#include "support/audit_capture.h"
#include "support/builders.h"
#include "support/fake_backend.h"
#include "support/fake_clock.h"
#include "support/fake_event_sink.h"
#include "support/fake_kube.h"
#include "support/log_capture.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::BackendOperation;
using test::Verb;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr const char* kDeadUid = "uid-dead";

class SweeperTest : public ::testing::Test {
 protected:
  SweeperTest() { directory_.put(registry_); }

  /// An ApiClient that is issued; in the cluster and in the cache.
  void add_owner() {
    const auto client = test::an_api_client().issued();
    kube_.put(api::kApiClients, client.json());
    clients_.put(
        std::make_shared<api::ApiClientSummary>(api::read_api_client_summary(client.json()).value()));
  }
  void add_client(const std::string& id, const std::string& uid) {
    backend_.put({.registered = test::a_registered_client({.client_id = id})
                                    .marked_by(test::kInstallation, test::kName, uid)
                                    .object()});
  }
  kube::ObjectKey add_secret(const Json& object) {
    const Json stored = kube_.put(kube::kSecrets, object);
    auto summary = std::make_shared<SecretSummary>(read_secret_summary(stored).value());
    secrets_.put(summary);
    return summary->key;
  }
  /// Staged now for an ApiClient of this uid, changed by a merge patch.
  kube::ObjectKey stage(const std::string& uid, const Json& patch = Json::object()) {
    StagedCredential staged = test::a_staged_credential();
    staged.key = staged_key(test::kOperatorNamespace, uid);
    const kube::ObjectMeta owner{.key = {test::kNamespace, test::kName}, .uid = uid};
    Json object = write_staged(staged, owner, test::kInstallation);
    object.merge_patch(patch);
    return add_secret(object);
  }
  bool exists(const kube::ObjectKey& key) { return !kube_.get(kube::kSecrets, key).is_null(); }
  /// In the registry.
  std::optional<std::vector<std::string>> found() {
    const auto orphans = findings_.orphans("default", registry_->uid);
    return orphans ? std::optional(orphans->clients) : std::nullopt;
  }
  std::vector<std::string> found_secrets() {
    return findings_.orphans("default", registry_->uid).value_or(Orphans()).secrets;
  }
  int log_lines(const std::string& text) {
    int count = 0;
    for (const std::string& line : logs_.lines()) count += line.find(text) != std::string::npos ? 1 : 0;
    return count;
  }

  test::LogCapture logs_;
  test::AuditCapture audit_;
  test::FakeClock clock_;
  test::FakeKube kube_{clock_};
  test::FakeBackend backend_;
  runtime::Store<api::ApiClientSummary> clients_;
  runtime::Store<SecretSummary> secrets_;
  std::shared_ptr<const RegistrySnapshot> registry_ =
      test::a_registry().shared(std::make_shared<test::FakeConnection>(backend_));
  RegistryDirectory directory_;
  SweepFindings findings_;
  test::FakeEventSink events_;
  telemetry::Metrics metrics_;
  ActionReporter report_{{.events = events_, .metrics = metrics_, .installation_id = test::kInstallation}};
  std::vector<std::string> changed_;
  Sweeper sweeper_{{.client = kube_,
                    .clients = clients_,
                    .secrets = secrets_,
                    .registries = directory_,
                    .findings = findings_,
                    .clock = clock_,
                    .metrics = metrics_,
                    .report = report_,
                    .operator_namespace = test::kOperatorNamespace,
                    .installation_id = test::kInstallation,
                    .changed = [this](const std::string& name) { changed_.push_back(name); }}};
};

// Clients

TEST_F(SweeperTest, FindsTheClientsWithoutAnApiClientAndLeavesThem) {
  add_owner();
  add_client(test::kClientId, test::kUid);
  add_client("orphan-b", kDeadUid);
  add_client("orphan-a", kDeadUid);
  sweeper_.sweep({});
  EXPECT_THAT(found(), Optional(ElementsAre("orphan-a", "orphan-b")));
  EXPECT_THAT(changed_, ElementsAre("default"));
  EXPECT_THAT(metrics_.text(), HasSubstr(R"(apiclient_sweep_orphaned_clients{registry="default"} 2)"));
  EXPECT_THAT(logs_.text(), HasSubstr("orphan-a, orphan-b"));
  EXPECT_THAT(backend_.client_ids(), SizeIs(3));
  EXPECT_EQ(backend_.count(BackendOperation::find), 2) << "one that is claimed needs no second look";
}

TEST_F(SweeperTest, TellsOnlyWhatIsNew) {
  add_client("orphan", kDeadUid);
  sweeper_.sweep({});
  sweeper_.sweep({});
  EXPECT_THAT(changed_, SizeIs(1));
  EXPECT_EQ(log_lines("clients without an ApiClient"), 1);
  backend_.drop("orphan");
  sweeper_.sweep({});
  EXPECT_THAT(changed_, SizeIs(2));
  EXPECT_THAT(found(), Optional(IsEmpty()));
  EXPECT_THAT(metrics_.text(), HasSubstr(R"(apiclient_sweep_orphaned_clients{registry="default"} 0)"));
}

TEST_F(SweeperTest, AClientThatGoesMeanwhileIsNoOrphan) {
  add_client("orphan", kDeadUid);
  backend_.before_next(BackendOperation::find, [this] { backend_.drop("orphan"); });
  sweeper_.sweep({});
  EXPECT_THAT(found(), Optional(IsEmpty()));
}

TEST_F(SweeperTest, AClientThatIsTakenOverMeanwhileIsNoOrphan) {
  add_client(test::kClientId, kDeadUid);
  backend_.before_next(BackendOperation::find, [this] {
    add_owner();
    add_client(test::kClientId, test::kUid);
  });
  sweeper_.sweep({});
  EXPECT_THAT(found(), Optional(IsEmpty()));
}

TEST_F(SweeperTest, KeepsWhatItKnewWhenTheRegistryFails) {
  add_client("orphan", kDeadUid);
  sweeper_.sweep({});
  for (const BackendOperation operation : {BackendOperation::list, BackendOperation::find}) {
    backend_.fail_next(operation, {.kind = ErrorKind::unavailable, .message = "what happened"});
    sweeper_.sweep({});
    EXPECT_THAT(found(), Optional(ElementsAre("orphan")));
  }
  EXPECT_THAT(changed_, SizeIs(1));
  EXPECT_EQ(log_lines("registry not swept"), 2);
}

TEST_F(SweeperTest, DoesNotAskARegistryThatIsNotReady) {
  auto failed = std::make_shared<RegistrySnapshot>(*registry_);
  failed->state = RegistryState::failed;
  directory_.put(failed);
  sweeper_.sweep({});
  EXPECT_EQ(backend_.count(BackendOperation::list), 0);
  EXPECT_EQ(found(), std::nullopt);
}

TEST_F(SweeperTest, TheMetricGoesWithItsRegistry) {
  sweeper_.sweep({});
  directory_.remove("default");
  sweeper_.sweep({});
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("apiclient_sweep_orphaned_clients{")));
}

// Published Secrets

TEST_F(SweeperTest, CountsPublishedSecretsWithoutAnApiClientAndLeavesThem) {
  add_owner();
  add_secret(test::a_target_secret().json());
  const auto orphan = add_secret(test::a_target_secret().named("orphan").owner(kDeadUid).json());
  clock_.advance(24h);
  sweeper_.sweep({});
  sweeper_.sweep({});
  EXPECT_THAT(metrics_.text(), HasSubstr("apiclient_sweep_orphaned_secrets 1"));
  EXPECT_EQ(log_lines("published Secrets without an ApiClient"), 1);
  EXPECT_THAT(found_secrets(), ElementsAre("team-a/orphan"));
  EXPECT_THAT(changed_, SizeIs(1));
  EXPECT_THAT(logs_.text(), HasSubstr("team-a/orphan"));
  EXPECT_TRUE(exists(orphan));
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

TEST_F(SweeperTest, ASecretThatGoesMeanwhileIsNoOrphan) {
  const auto key = add_secret(test::a_target_secret().owner(kDeadUid).json());
  backend_.before_next(BackendOperation::list, [&] { secrets_.erase(key); });
  sweeper_.sweep({});
  EXPECT_THAT(metrics_.text(), HasSubstr("apiclient_sweep_orphaned_secrets 0"));
  EXPECT_THAT(found_secrets(), IsEmpty());
}

TEST_F(SweeperTest, TellsOfASecretTheRegistryThatItIsFor) {
  add_secret(test::a_target_secret().owner(kDeadUid).json());
  add_secret(test::a_target_secret()
                 .named("elsewhere")
                 .owner(kDeadUid)
                 .annotated(api::kRegistryAnnotation, "ClusterClientRegistry/other")
                 .json());
  sweeper_.sweep({});
  EXPECT_THAT(found_secrets(), ElementsAre("team-a/invoices"));
  EXPECT_THAT(metrics_.text(), HasSubstr("apiclient_sweep_orphaned_secrets 2"));
}

TEST_F(SweeperTest, AnotherSecretIsNoNewsOfTheClients) {
  add_client("orphan", kDeadUid);
  sweeper_.sweep({});
  add_secret(test::a_target_secret().owner(kDeadUid).json());
  sweeper_.sweep({});
  EXPECT_THAT(changed_, SizeIs(2));
  EXPECT_EQ(log_lines("clients without an ApiClient"), 1);
}

// Staged Secrets

TEST_F(SweeperTest, DeletesAStagedSecretOfADeadOwner) {
  const auto key = stage(kDeadUid);
  clock_.advance(5min);
  sweeper_.sweep({});
  EXPECT_FALSE(exists(key));
  ASSERT_THAT(audit_.lines(), SizeIs(1));
  EXPECT_THAT(audit_.lines()[0], HasSubstr(R"("action":"secret.unstaged")"));
  EXPECT_THAT(audit_.lines()[0], HasSubstr(R"("namespace":"team-a","name":"invoices","uid":"uid-dead")"));
  EXPECT_THAT(audit_.lines()[0], HasSubstr(R"("secret":"operator/staged-uid-dead")"));
  EXPECT_THAT(audit_.lines()[0], HasSubstr(R"("reason":"OwnerGone")"));
}

TEST_F(SweeperTest, AnotherApiClientOfTheNameIsNotTheOwner) {
  add_owner();
  const auto key = stage(kDeadUid);
  clock_.advance(5min);
  sweeper_.sweep({});
  EXPECT_FALSE(exists(key));
}

TEST_F(SweeperTest, OneThatIsYoungStays) {
  const auto key = stage(kDeadUid);
  clock_.advance(5min - 1s);
  sweeper_.sweep({});
  EXPECT_TRUE(exists(key));
  EXPECT_EQ(kube_.calls(Verb::find, "apiclients"), 0);
}

TEST_F(SweeperTest, OneWhoseOwnerOnlyTheCacheLacksStays) {
  kube_.put(api::kApiClients, test::an_api_client().json());
  const auto key = stage(test::kUid);
  clock_.advance(5min);
  sweeper_.sweep({});
  EXPECT_TRUE(exists(key));
  EXPECT_EQ(kube_.calls(Verb::find, "apiclients"), 1);
}

TEST_F(SweeperTest, OneWhoseOwnerCannotBeReadStaysUntilItCan) {
  const auto key = stage(kDeadUid);
  clock_.advance(5min);
  kube_.fail_next(Verb::find, "apiclients", {.kind = ErrorKind::unavailable, .message = "what happened"});
  sweeper_.sweep({});
  EXPECT_TRUE(exists(key));
  EXPECT_EQ(log_lines("staged Secret not swept"), 1);
  EXPECT_NE(found(), std::nullopt) << "the rest is swept";
  sweeper_.sweep({});
  EXPECT_FALSE(exists(key));
}

TEST_F(SweeperTest, OneThatIsReplacedMeanwhileStays) {
  const auto key = stage(kDeadUid);
  clock_.advance(5min);
  kube_.on_write([&](const test::FakeKube::Write& write) {
    if (write.verb != Verb::remove) return;
    Json other = kube_.get(kube::kSecrets, key);
    other["metadata"]["uid"] = "another";
    kube_.erase(kube::kSecrets, key);
    kube_.put(kube::kSecrets, other);
  });
  sweeper_.sweep({});
  EXPECT_TRUE(exists(key));
  EXPECT_THAT(audit_.lines(), IsEmpty());
}

struct ForeignRow {
  std::string name;
  Json patch;
};
class NotToBeSwept : public SweeperTest, public ::testing::WithParamInterface<ForeignRow> {};
TEST_P(NotToBeSwept, Stays) {
  const auto key = stage(kDeadUid, {{"metadata", GetParam().patch}});
  clock_.advance(24h);
  sweeper_.sweep({});
  EXPECT_TRUE(exists(key));
  EXPECT_EQ(kube_.calls(Verb::find, "secrets"), 1) << "it was looked at";
  EXPECT_THAT(kube_.writes(), IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(
    Table, NotToBeSwept,
    ::testing::Values(ForeignRow{"OfAnotherInstallation",
                                 {{"annotations", {{"apiclient.dev/installation-id", "installation-2"}}}}},
                      ForeignRow{"UnderAnotherName", {{"name", "other"}}},
                      ForeignRow{"InAnotherNamespace", {{"namespace", "team-a"}}},
                      ForeignRow{"WithoutTheOwnersNamespace",
                                 {{"annotations", {{"apiclient.dev/owner-namespace", nullptr}}}}},
                      ForeignRow{"WithoutTheOwnersName", {{"labels", {{"apiclient.dev/name", nullptr}}}}}),
    test::RowName());

// The loop

TEST_F(SweeperTest, RunsUntilItIsStoppedAndNotAtOnce) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(sweeper_.run(stop.get_token()), test::is_ok());
  EXPECT_EQ(backend_.count(BackendOperation::list), 0);
}

}  // namespace
}  // namespace apiclient::reconciler
