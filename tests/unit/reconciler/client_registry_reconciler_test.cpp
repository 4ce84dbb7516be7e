#include "reconciler/client_registry_reconciler.h"

#include "unit/reconciler/registry_pass.h"

namespace apiclient::reconciler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using test::a_registry;
using test::BackendOperation;

TEST_F(RegistryPass, OfAGoodOneIsReady) {
  const auto action = pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_EQ(action->after, 60s);
  EXPECT_EQ(condition("Ready"), "True Reachable");
  EXPECT_EQ(status()["observedGeneration"], 1);
  EXPECT_EQ(status()["endpoints"]["tokenUrl"], "http://registry.test/oauth2/token");
  EXPECT_EQ(status()["capabilities"]["maxSecrets"], 3);
  const auto known = directory_.find("default");
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->state, RegistryState::ready);
  EXPECT_TRUE(known->is_default);
  EXPECT_NE(known->connection, nullptr);
  EXPECT_THAT(notices_, ElementsAre(RegistryNews{.registry = "default", .first = true}));
}

TEST_F(RegistryPass, ConnectsWithWhatTheSpecSays) {
  apply(a_registry().with_spec({{"tokenUrl", "http://token.test"}, {"tls", {{"insecureSkipVerify", true}}}}));
  ASSERT_THAT(pass(), test::is_ok());
  ASSERT_THAT(connections_, SizeIs(1));
  EXPECT_EQ(connections_[0].name, "default");
  EXPECT_EQ(connections_[0].admin_url, "http://registry.test:9081");
  EXPECT_EQ(connections_[0].issuer, test::kIssuer);
  EXPECT_EQ(connections_[0].token_url, "http://token.test");
  EXPECT_TRUE(connections_[0].tls.insecure_skip_verify);
  EXPECT_EQ(token_of(connections_[0]), "admin-token");
}

TEST_F(RegistryPass, ClientsGoByANewSpecBeforeTheStatusSaysThatItWasSeen) {
  ASSERT_THAT(pass(), test::is_ok());
  apply(a_registry().with_spec({{"defaultScopes", {"read"}}}));
  std::int64_t known = 0;
  kube_.on_write([&](const test::FakeKube::Write& write) {
    if (write.verb == test::Verb::replace_status) known = directory_.find("default")->generation;
  });
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(status()["observedGeneration"], 2);
  EXPECT_EQ(known, 2);
}

TEST_F(RegistryPass, ATokenFileEndsWithALineBreakThatIsNotPartOfIt) {
  kube_.put(kube::kSecrets, credentials("admin-token\r\n"));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(token_of(connections_[0]), "admin-token");
}

TEST_F(RegistryPass, TheSecondOneWritesAndTellsNothing) {
  ASSERT_THAT(pass(), test::is_ok());
  kube_.clear_writes();
  notices_.clear();
  clock_.advance(60s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(kube_.writes(), IsEmpty());
  EXPECT_THAT(notices_, IsEmpty());
  EXPECT_THAT(connections_, SizeIs(1)) << "the connection is kept";
  EXPECT_EQ(backend_.count(BackendOperation::probe), 2);
}

TEST_F(RegistryPass, OfAGoodOneProbesOnceAMinuteWhateverElseBringsIt) {
  suspected_ = false;
  for (int i = 0; i < 59; ++i) {
    const auto action = pass();
    ASSERT_THAT(action, test::is_ok());
    EXPECT_EQ(action->after, 60s - i * 1s);
    clock_.advance(1s);
  }
  EXPECT_EQ(backend_.count(BackendOperation::probe), 1);
  EXPECT_EQ(condition("Ready"), "True Reachable");
  EXPECT_EQ(status()["capabilities"]["maxSecrets"], 3);
  clock_.advance(1s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(backend_.count(BackendOperation::probe), 2);
}

TEST_F(RegistryPass, ASuspicionBringsOneProbe) {
  suspected_ = false;
  ASSERT_THAT(pass(), test::is_ok());
  reconciler_.suspect("default");
  reconciler_.suspect("default");
  ASSERT_THAT(pass(), test::is_ok());
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(backend_.count(BackendOperation::probe), 2);
}

// Trouble

struct TroubleRow {
  std::string name;
  Error error;
  std::string reason;
  std::chrono::milliseconds retry = 1s;
};
class Trouble : public RegistryPass, public ::testing::WithParamInterface<TroubleRow> {};

TEST_P(Trouble, IsShownWithTheNextRetryAndRecovers) {
  backend_.fail_next(BackendOperation::probe, GetParam().error);
  const auto action = pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_EQ(action->after, GetParam().retry);
  EXPECT_EQ(condition("Ready"), "False " + GetParam().reason);
  EXPECT_EQ(condition("Reconciling"), "True " + GetParam().reason);
  EXPECT_EQ(status()["failure"]["count"], 1);
  EXPECT_TRUE(status().contains("nextRetryTime"));
  EXPECT_EQ(directory_.find("default")->state, RegistryState::failed);
  EXPECT_EQ(directory_.find("default")->reason, GetParam().reason);
  EXPECT_THAT(notices_, SizeIs(1));
  recover(GetParam().retry);
}

Error asking_for(std::chrono::milliseconds pause) {
  Error error = probe_error(ErrorKind::throttled, 429);
  error.retry_after = pause;
  return error;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Trouble,
    ::testing::Values(
        TroubleRow{"NoAnswer", probe_error(ErrorKind::unavailable), "RegistryUnreachable"},
        TroubleRow{"Timeout", probe_error(ErrorKind::timeout), "RegistryUnreachable"},
        TroubleRow{"ServerError", probe_error(ErrorKind::unavailable, 500), "ServerError"},
        TroubleRow{"Html", probe_error(ErrorKind::protocol, 200), "UnexpectedAnswer"},
        TroubleRow{"NotThere", probe_error(ErrorKind::not_found, 404), "UnexpectedAnswer"},
        TroubleRow{"Unauthorized", probe_error(ErrorKind::unauthorized, 401), "CredentialsRefused"},
        TroubleRow{"Forbidden", probe_error(ErrorKind::forbidden, 403), "CredentialsRefused"},
        TroubleRow{"WrongIssuer", probe_error(ErrorKind::invalid, 0, "issuer_mismatch"), "IssuerMismatch"},
        TroubleRow{"Throttled", asking_for(30s), "Throttled", 30s}),
    test::RowName());

TEST_F(RegistryPass, PassesOnTheRateLimit) {
  apply(a_registry().with_spec(
      {{"rateLimit", {{"requestsPerSecond", 20}, {"burst", 40}, {"maxInFlight", 4}}}}));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(connections_.at(0).limit,
            (backend::RateLimit{.requests_per_second = 20, .burst = 40, .max_in_flight = 4}));
}

TEST_F(RegistryPass, RetriesSlowerAndSlower) {
  std::vector<std::chrono::milliseconds> delays;
  backend_.fail_all(probe_error(ErrorKind::unavailable));
  for (int i = 0; i < 4; ++i) {
    delays.push_back(pass().value().after.value());
    clock_.advance(delays.back());
  }
  EXPECT_THAT(delays, ElementsAre(1s, 2s, 4s, 8s));
  EXPECT_THAT(notices_, SizeIs(1)) << "its clients hear of one trouble once";
}

TEST_F(RegistryPass, ARegistryThatWorkedAndFailsIsTold) {
  ASSERT_THAT(pass(), test::is_ok());
  const auto connection = directory_.find("default")->connection;
  backend_.fail_next(BackendOperation::probe, probe_error(ErrorKind::unavailable));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(directory_.find("default")->state, RegistryState::failed);
  EXPECT_EQ(directory_.find("default")->connection, connection);
  EXPECT_THAT(notices_, SizeIs(2));
  recover();
}

TEST_F(RegistryPass, ARecoveryIsShownAlthoughTheCacheHasNotSeenTheTrouble) {
  ASSERT_THAT(pass(), test::is_ok());
  registries_.put(std::make_shared<api::ClientRegistry>(
      api::read_client_registry(kube_.get(api::kClusterClientRegistries, kKey)).value()));
  backend_.fail_next(BackendOperation::probe, probe_error(ErrorKind::unavailable));
  reconciler_.suspect("default");
  ASSERT_THAT(reconciler_.reconcile(kKey, {}), test::is_ok());
  EXPECT_EQ(condition("Ready"), "False RegistryUnreachable");
  clock_.advance(1s);
  ASSERT_THAT(reconciler_.reconcile(kKey, {}), test::is_ok());
  EXPECT_EQ(condition("Ready"), "True Reachable");
}

// Credentials

struct CredentialsRow {
  std::string name;
  std::function<void(test::FakeKube&)> spoil;
  std::string reason;
  std::string message;
};
class CredentialsTrouble : public RegistryPass, public ::testing::WithParamInterface<CredentialsRow> {};

TEST_P(CredentialsTrouble, IsShownWaitsAndRecovers) {
  GetParam().spoil(kube_);
  const auto action = pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_TRUE(action->after);
  EXPECT_EQ(condition("Ready"), "False " + GetParam().reason);
  EXPECT_THAT(status()["conditions"].dump(), HasSubstr(GetParam().message));
  EXPECT_THAT(backend_.calls(), IsEmpty());
  EXPECT_THAT(connections_, IsEmpty());
  kube_.put(kube::kSecrets, credentials());
  recover();
}

void patch_credentials(test::FakeKube& kube, const Json& patch) {
  Json object = credentials();
  object.merge_patch(patch);
  kube.erase(kube::kSecrets, kCredentials);
  kube.put(kube::kSecrets, object);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CredentialsTrouble,
    ::testing::Values(
        CredentialsRow{"NoSecret", [](auto& kube) { kube.erase(kube::kSecrets, kCredentials); },
                       "CredentialsNotFound", "operator/registry-admin does not exist"},
        CredentialsRow{"NoKey",
                       [](auto& kube) {
                         patch_credentials(kube, {{"data", {{"token", nullptr}}}});
                       },
                       "CredentialsNotFound", "no value under the key token"},
        CredentialsRow{"EmptyValue",
                       [](auto& kube) {
                         patch_credentials(kube, {{"data", {{"token", ""}}}});
                       },
                       "CredentialsNotFound", "no value under the key token"},
        CredentialsRow{"NotBase64",
                       [](auto& kube) {
                         patch_credentials(kube, {{"data", {{"token", "%%"}}}});
                       },
                       "CredentialsNotFound", "no value under the key token"},
        CredentialsRow{"NotLabelled",
                       [](auto& kube) {
                         patch_credentials(kube, {{"metadata", {{"labels", nullptr}}}});
                       },
                       "CredentialsNotUsable", "apiclient.dev/usable-by: registry"},
        CredentialsRow{
            "LabelledForAdoption",
            [](auto& kube) {
              patch_credentials(kube, {{"metadata", {{"labels", {{"apiclient.dev/usable-by", "adopt"}}}}}});
            },
            "CredentialsNotUsable", "apiclient.dev/usable-by: registry"}),
    test::RowName());

TEST_F(RegistryPass, ANewTokenIsPickedUp) {
  ASSERT_THAT(pass(), test::is_ok());
  kube_.put(kube::kSecrets, credentials("second-token"));
  ASSERT_THAT(pass(), test::is_ok());
  ASSERT_THAT(connections_, SizeIs(2));
  EXPECT_EQ(token_of(connections_[1]), "second-token");
}

TEST_F(RegistryPass, TheConnectionIsKeptWhenTheCredentialsAreDeleted) {
  ASSERT_THAT(pass(), test::is_ok());
  const auto connection = directory_.find("default")->connection;
  kube_.erase(kube::kSecrets, kCredentials);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(directory_.find("default")->reason, "CredentialsNotFound");
  EXPECT_EQ(directory_.find("default")->connection, connection);
}

TEST_F(RegistryPass, ARecreatedRegistryDoesNotGetTheOldConnection) {
  ASSERT_THAT(pass(), test::is_ok());
  kube_.erase(kube::kSecrets, kCredentials);
  kube_.erase(api::kClusterClientRegistries, kKey);
  Json next = a_registry().json();
  next["metadata"]["uid"] = "uid-of-the-next";
  kube_.put(api::kClusterClientRegistries, next);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(directory_.find("default")->connection, nullptr);
}

TEST_F(RegistryPass, AReadThatFailsIsNotAbsence) {
  kube_.fail_next(test::Verb::find, "secrets", probe_error(ErrorKind::unavailable));
  EXPECT_THAT(pass(), test::has_error(ErrorKind::unavailable));
  EXPECT_EQ(directory_.find("default"), nullptr);
}

// The spec

struct SpecRow {
  std::string name;
  const char* patch;
  std::string reason;
  std::string message;
};
class WrongSpec : public RegistryPass, public ::testing::WithParamInterface<SpecRow> {};

TEST_P(WrongSpec, StallsWithoutACallAndRecovers) {
  apply(a_registry().with_spec(Json::parse(GetParam().patch)));
  const auto action = pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_EQ(action->after, 1h) << "a person has to act; the clients are told after degradedAfter";
  EXPECT_EQ(condition("Ready"), "False " + GetParam().reason);
  EXPECT_EQ(condition("Stalled"), "True " + GetParam().reason);
  EXPECT_THAT(status()["conditions"].dump(), HasSubstr(GetParam().message));
  EXPECT_THAT(backend_.calls(), IsEmpty());
  apply(a_registry());
  recover();
}

INSTANTIATE_TEST_SUITE_P(Table, WrongSpec,
                         ::testing::Values(SpecRow{"KeycloakWithoutCredentials",
                                                   R"({"embedded": null, "auth": null,
                                  "keycloak": {"url": "http://k", "realm": "r"}})",
                                                   "InvalidSpec", "spec.auth.clientCredentials"},
                                           SpecRow{"NoCredentials", R"({"auth": null})", "InvalidSpec",
                                                   "spec.auth is missing"}),
                         test::RowName());

TEST_F(RegistryPass, HydraNeedsNoCredentials) {
  apply(a_registry().with_spec(
      Json::parse(R"({"embedded": null, "hydra": {"adminUrl": "http://h"}, "auth": null})")));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "True Reachable");
  EXPECT_EQ(status()["backend"], "hydra");
}

TEST_F(RegistryPass, AConnectionThatCannotBeMadeStalls) {
  refuse_connection_ = Error{.kind = ErrorKind::invalid, .message = "tls.caBundle: no certificate in it"};
  apply(a_registry().with_spec({{"tls", {{"caBundle", base64_encode("PEM")}}}}));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Stalled"), "True InvalidSpec");
  refuse_connection_.reset();
  recover();
}

TEST_F(RegistryPass, AValueOfASecretThatCannotBeUsedWaitsForTheSecret) {
  refuse_connection_ = Error{.kind = ErrorKind::invalid, .message = "the bearer token has two lines"};
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Reconciling"), "True CredentialsNotUsable");
  EXPECT_EQ(condition("Stalled"), "-");
  EXPECT_THAT(status()["conditions"].dump(), HasSubstr("registry-admin"));
  refuse_connection_.reset();
  recover();
}

TEST_F(RegistryPass, AChangedSpecIsToldAndConnectedAnew) {
  ASSERT_THAT(pass(), test::is_ok());
  notices_.clear();
  Json changed = kube_.get(api::kClusterClientRegistries, kKey);
  changed["spec"]["defaultScopes"] = Json::array({"read"});
  kube_.put(api::kClusterClientRegistries, changed);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(notices_, ElementsAre(RegistryNews{.registry = "default", .spec_changed = true}));
  EXPECT_THAT(connections_, SizeIs(2));
  EXPECT_THAT(directory_.find("default")->spec.default_scopes, ElementsAre("read"));
  EXPECT_EQ(status()["observedGeneration"], 2);
}

TEST_F(RegistryPass, AChangeOfItsStateIsAnEventAndNothingElseIs) {
  ASSERT_THAT(pass(), test::is_ok());
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(events_.reasons(), ElementsAre("Normal Reachable"));
  for (int i = 0; i < 3; ++i) {
    backend_.fail_next(BackendOperation::probe, {.kind = ErrorKind::unavailable, .message = "no answer"});
    ASSERT_THAT(pass(), test::is_ok());
    clock_.advance(60s);
  }
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(events_.reasons(),
              ElementsAre("Normal Reachable", "Warning RegistryUnreachable", "Normal Reachable"));
}

TEST_F(RegistryPass, AMovedDefaultMarkIsTold) {
  ASSERT_THAT(pass(), test::is_ok());
  notices_.clear();
  Json changed = kube_.get(api::kClusterClientRegistries, kKey);
  changed["metadata"].erase("annotations");
  kube_.put(api::kClusterClientRegistries, changed);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_FALSE(directory_.find("default")->is_default);
  EXPECT_THAT(notices_, SizeIs(1));
}

TEST_F(RegistryPass, OfADeletedOneForgetsItAndTells) {
  ASSERT_THAT(pass(), test::is_ok());
  notices_.clear();
  kube_.erase(api::kClusterClientRegistries, kKey);
  const auto action = pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_FALSE(action->after);
  EXPECT_EQ(directory_.find("default"), nullptr);
  EXPECT_THAT(notices_, SizeIs(1));
}

TEST_F(RegistryPass, OfOneThatWasDeletedBeforeItsFirstProbeTellsToo) {
  directory_.expect("default");
  kube_.erase(api::kClusterClientRegistries, kKey);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(notices_, SizeIs(1)) << "clients may have waited for the probe";
}

TEST_F(RegistryPass, AStatusConflictIsAnErrorAndTheNextPassWritesIt) {
  kube_.on_write([this](const auto&) {
    kube_.on_write(nullptr);
    Json changed = kube_.get(api::kClusterClientRegistries, kKey);
    changed["metadata"]["labels"] = {{"somebody", "else"}};
    kube_.put(api::kClusterClientRegistries, changed);
  });
  EXPECT_THAT(pass(), test::has_error(ErrorKind::conflict));
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "True Reachable");
}

TEST_F(RegistryPass, WhenAskedToStopSaysNothing) {
  std::stop_source stop;
  registries_.put(std::make_shared<api::ClientRegistry>(
      api::read_client_registry(kube_.get(api::kClusterClientRegistries, kKey)).value()));
  stop.request_stop();
  EXPECT_THAT(reconciler_.reconcile(kKey, stop.get_token()), test::has_error(ErrorKind::cancelled));
  EXPECT_EQ(directory_.find("default"), nullptr);
}

TEST_F(RegistryPass, TheTokenIsNowhereToBeSeen) {
  ASSERT_THAT(pass(), test::is_ok());
  const std::string all = kube_.get(api::kClusterClientRegistries, kKey).dump();
  EXPECT_EQ(all.find("admin-token"), std::string::npos);
  EXPECT_EQ(logs_.text().find("admin-token"), std::string::npos);
  EXPECT_EQ(all.find(base64_encode("admin-token")), std::string::npos);
}

}  // namespace
}  // namespace apiclient::reconciler
