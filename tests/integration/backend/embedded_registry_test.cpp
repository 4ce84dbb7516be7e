// The backend and the verifier against the real apiclient-registry program.

#include <gtest/gtest.h>

#include "backend/registry_connection.h"
#include "base/random.h"
#include "integration/backend/registry_process.h"
#include "support/matchers.h"

namespace apiclient::backend {
namespace {

using test::has_error;
using test::is_ok;
using test::RegistryProcess;
using testing::HasSubstr;

ClientSettings a_machine_client() {
  return {.client_id = "acme_team-a_invoices",
          .client_name = "Invoice exporter",
          .type = ClientType::machine,
          .grant_types = {"client_credentials"},
          .scopes = {"invoices.read", "invoices.write"},
          .audiences = {"https://api.example"},
          .token_endpoint_auth_method = "client_secret_basic",
          .require_consent = false,
          .access_token_lifetime = std::chrono::seconds(600),
          .contacts = {"team-a@example.com"},
          .client_uri = "https://invoices.example"};
}

ClientSettings a_web_client() {
  ClientSettings settings = a_machine_client();
  settings.type = ClientType::web;
  settings.grant_types = {"authorization_code", "refresh_token"};
  settings.redirect_uris = {"https://shop.example/cb"};
  settings.require_consent = true;
  return settings;
}

ClientSettings a_public_client() {
  ClientSettings settings = a_web_client();
  settings.type = ClientType::public_client;
  settings.token_endpoint_auth_method = "none";
  return settings;
}

OwnershipMark mark_at(std::int64_t revision, const std::string& uid = "uid-1") {
  return {.installation_id = "inst-1",
          .namespace_name = "team-a",
          .name = "invoices",
          .uid = uid,
          .revision = revision};
}

class EmbeddedRegistryTest : public testing::Test {
 protected:
  ConnectionConfig config() {
    return {.name = "default",
            .admin_url = process_.admin_url(),
            .issuer = process_.issuer(),
            .auth = BearerAuth{.token = process_.admin_token()}};
  }
  std::unique_ptr<RegistryConnection> connect(ConnectionConfig config) {
    auto connection = make_registry_connection(
        std::move(config), [this] { return may_write_; }, metrics_);
    EXPECT_THAT(connection, is_ok());
    return connection ? std::move(*connection) : nullptr;
  }
  Backend& backend() { return connection_->backend(); }

  NewCredential credential(const std::string& operation_id, std::int64_t revision) {
    return {.operation_id = operation_id, .revision = revision, .value = &value_};
  }
  Result<RegisteredClient> create(const std::string& operation_id, std::int64_t revision = 1,
                                  const ClientSettings& settings = a_machine_client()) {
    const NewCredential first = credential(operation_id, revision);
    return backend().create(settings, mark_at(revision), &first, {});
  }
  Result<Credential> add(const std::string& operation_id, std::int64_t revision, const Secret& value) {
    return backend().add_credential(a_machine_client().client_id, "uid-1",
                                    {.operation_id = operation_id, .revision = revision, .value = &value},
                                    {});
  }
  template <typename T>
  static std::string code_of(const Result<T>& result) {
    return result ? "" : result.error().code;
  }

  RegistryProcess process_;
  telemetry::Metrics metrics_;
  bool may_write_ = true;
  const Secret value_ = random_secret();
  std::unique_ptr<RegistryConnection> connection_ = connect(config());
  const std::string id_ = a_machine_client().client_id;
};

TEST_F(EmbeddedRegistryTest, ProbeFindsTheEndpoints) {
  const auto info = backend().probe({});
  ASSERT_THAT(info, is_ok());
  EXPECT_EQ(info->endpoints.token, process_.issuer() + "/oauth2/token");
  EXPECT_EQ(info->endpoints.jwks, process_.issuer() + "/.well-known/jwks.json");
  EXPECT_EQ(info->capabilities.max_secrets, 3);
}

TEST_F(EmbeddedRegistryTest, ProbeOfAnotherIssuerNamesBoth) {
  ConnectionConfig other = config();
  other.issuer.replace(other.issuer.find("127.0.0.1"), 9, "localhost");
  const auto info = connect(other)->backend().probe({});
  ASSERT_THAT(info, has_error(ErrorKind::invalid));
  EXPECT_EQ(info.error().code, "issuer_mismatch");
  EXPECT_THAT(info.error().message, HasSubstr(process_.issuer()));
  EXPECT_THAT(info.error().message, HasSubstr(other.issuer));
}

TEST_F(EmbeddedRegistryTest, WrongTokenIsUnauthorized) {
  ConnectionConfig other = config();
  other.auth = BearerAuth{.token = std::make_shared<const Secret>("not-the-token")};
  const auto stranger = connect(other);
  const NewCredential first = credential("op-1", 1);
  EXPECT_THAT(stranger->backend().probe({}), has_error(ErrorKind::unauthorized));
  EXPECT_THAT(stranger->backend().find(id_, {}), has_error(ErrorKind::unauthorized));
  EXPECT_THAT(stranger->backend().create(a_machine_client(), mark_at(1), &first, {}),
              has_error(ErrorKind::unauthorized));
}

TEST_F(EmbeddedRegistryTest, AdminUrlThatIsThePublicSideIsSeen) {
  ConnectionConfig other = config();
  other.admin_url = process_.issuer();
  EXPECT_THAT(connect(other)->backend().probe({}), has_error(ErrorKind::protocol));
}

TEST_F(EmbeddedRegistryTest, AbsentClientIsAbsent) {
  const auto found = backend().find("nobody", {});
  ASSERT_THAT(found, is_ok());
  EXPECT_FALSE(found->has_value());
}

struct KindCase {
  const char* name;
  ClientSettings settings;
};
void PrintTo(const KindCase& row, std::ostream* out) { *out << row.name; }

class EveryKind : public EmbeddedRegistryTest, public testing::WithParamInterface<KindCase> {};

TEST_P(EveryKind, IsReadBackAsItWasWritten) {
  const ClientSettings& wish = GetParam().settings;
  const NewCredential first = credential("op-1", 1);
  const auto created = backend().create(wish, mark_at(1), wish.has_secret() ? &first : nullptr, {});
  ASSERT_THAT(created, is_ok());
  EXPECT_TRUE(created->settings == wish);
  const auto found = backend().find(wish.client_id, {});
  ASSERT_THAT(found, is_ok());
  ASSERT_TRUE(found->has_value());
  EXPECT_TRUE((*found)->settings == wish);
  EXPECT_TRUE((*found)->mark == mark_at(1));
  EXPECT_EQ((*found)->credentials.size(), wish.has_secret() ? 1U : 0U);
  EXPECT_FALSE((*found)->etag.empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryKind,
                         testing::Values(KindCase{"Machine", a_machine_client()},
                                         KindCase{"Web", a_web_client()},
                                         KindCase{"Public", a_public_client()}),
                         [](const auto& row) { return row.param.name; });

TEST_F(EmbeddedRegistryTest, CreateIsIdempotentByOperation) {
  const auto created = create("op-1");
  ASSERT_THAT(created, is_ok());
  ASSERT_EQ(created->credentials.size(), 1U);
  EXPECT_EQ(created->credentials[0].operation_id, "op-1");
  EXPECT_EQ(created->credentials[0].hint, hint_of(value_));
  const auto again = create("op-1");
  ASSERT_THAT(again, is_ok());
  ASSERT_EQ(again->credentials.size(), 1U);
  EXPECT_EQ(again->credentials[0].id, created->credentials[0].id);
  EXPECT_THAT(create("op-2"), has_error(ErrorKind::already_exists));
}

TEST_F(EmbeddedRegistryTest, OperationWithAnotherValueIsAConflict) {
  ASSERT_THAT(create("op-1"), is_ok());
  const Secret other = random_secret();
  EXPECT_EQ(code_of(add("op-1", 2, other)), "operation_conflict");
}

TEST_F(EmbeddedRegistryTest, OperationOfADeletedClientIsRefused) {
  ASSERT_THAT(create("op-1"), is_ok());
  ASSERT_THAT(backend().remove(id_, "uid-1", {}), is_ok());
  const auto again = create("op-1");
  ASSERT_THAT(again, has_error(ErrorKind::conflict));
  EXPECT_EQ(again.error().code, "deleted_operation");
  EXPECT_THAT(create("op-2"), is_ok());
}

TEST_F(EmbeddedRegistryTest, RefusedDataIsInvalidAndNamesTheMember) {
  ClientSettings settings = a_web_client();
  settings.redirect_uris = {"javascript:alert(1)"};
  const auto created = create("op-1", 1, settings);
  ASSERT_THAT(created, has_error(ErrorKind::invalid));
  EXPECT_EQ(created.error().code, "invalid_request");
  EXPECT_THAT(created.error().message, HasSubstr("redirect_uris"));
}

TEST_F(EmbeddedRegistryTest, UpdateReplacesSettingsAndKeepsSecrets) {
  ASSERT_THAT(create("op-1"), is_ok());
  ClientSettings changed = a_machine_client();
  changed.client_name = "Renamed";
  changed.scopes = {"invoices.read"};
  changed.access_token_lifetime.reset();
  changed.client_uri.clear();
  const auto updated = backend().update(changed, mark_at(1), "uid-1", {});
  ASSERT_THAT(updated, is_ok());
  EXPECT_TRUE(updated->settings == changed);
  EXPECT_EQ(updated->credentials.size(), 1U);
}

TEST_F(EmbeddedRegistryTest, UpdateHasPreconditions) {
  ASSERT_THAT(create("op-1", 5), is_ok());
  const auto other_owner = backend().update(a_machine_client(), mark_at(5, "uid-2"), "uid-2", {});
  ASSERT_THAT(other_owner, has_error(ErrorKind::conflict));
  EXPECT_EQ(other_owner.error().code, "precondition_failed");
  EXPECT_EQ(code_of(backend().update(a_machine_client(), mark_at(4), "uid-1", {})), "revision_conflict");
  EXPECT_THAT(backend().update(a_machine_client(), mark_at(5, "uid-2"), "uid-1", {}), is_ok());
  EXPECT_TRUE((*backend().find(id_, {}))->mark == mark_at(5, "uid-2"));
}

TEST_F(EmbeddedRegistryTest, UpdateOfAnAbsentClientIsNotFound) {
  EXPECT_THAT(backend().update(a_machine_client(), mark_at(1), "uid-1", {}), has_error(ErrorKind::not_found));
}

TEST_F(EmbeddedRegistryTest, SecretsAreAddedOncePerOperationUpToThree) {
  ASSERT_THAT(create("op-1"), is_ok());
  const Secret second = random_secret();
  const auto added = add("op-2", 2, second);
  ASSERT_THAT(added, is_ok());
  EXPECT_EQ(add("op-2", 2, second)->id, added->id);
  EXPECT_EQ((*backend().find(id_, {}))->mark->revision, 2);
  EXPECT_EQ(code_of(add("op-3", 2, value_)), "revision_conflict");
  const Secret third = random_secret();
  ASSERT_THAT(add("op-3", 3, third), is_ok());
  const Secret fourth = random_secret();
  EXPECT_EQ(code_of(add("op-4", 4, fourth)), "too_many_secrets");

  const auto client = backend().find(id_, {});
  ASSERT_EQ((*client)->credentials.size(), 3U);
  EXPECT_EQ((*client)->credentials[0].revision, 1);
  EXPECT_EQ((*client)->credentials[2].revision, 3);
  ASSERT_THAT(backend().retire_credential(id_, (*client)->credentials[0].id, {}), is_ok());
  EXPECT_THAT(add("op-4", 4, fourth), is_ok());
}

TEST_F(EmbeddedRegistryTest, SecretIsNotAddedToSomebodyElsesClient) {
  ASSERT_THAT(create("op-1"), is_ok());
  const Secret second = random_secret();
  const auto added =
      backend().add_credential(id_, "uid-2", {.operation_id = "op-2", .revision = 2, .value = &second}, {});
  ASSERT_THAT(added, has_error(ErrorKind::conflict));
  EXPECT_EQ(added.error().code, "precondition_failed");
}

TEST_F(EmbeddedRegistryTest, RetireAndRemoveOfWhatIsAbsentSucceed) {
  EXPECT_THAT(backend().remove(id_, "uid-1", {}), is_ok());
  EXPECT_THAT(backend().retire_credential(id_, "none", {}), is_ok());
  ASSERT_THAT(create("op-1"), is_ok());
  EXPECT_THAT(backend().retire_credential(id_, "none", {}), is_ok());
}

TEST_F(EmbeddedRegistryTest, RemoveOfSomebodyElsesClientIsAConflict) {
  ASSERT_THAT(create("op-1"), is_ok());
  EXPECT_THAT(backend().remove(id_, "uid-2", {}), has_error(ErrorKind::conflict));
  EXPECT_TRUE(backend().find(id_, {})->has_value());
}

struct AuthCase {
  const char* name;
  ClientType type;
  const char* method;
};
void PrintTo(const AuthCase& row, std::ostream* out) { *out << row.name; }

class Verification : public EmbeddedRegistryTest, public testing::WithParamInterface<AuthCase> {};

TEST_P(Verification, TellsRightFromWrong) {
  ClientSettings settings = GetParam().type == ClientType::machine ? a_machine_client() : a_web_client();
  settings.token_endpoint_auth_method = GetParam().method;
  ASSERT_THAT(create("op-1", 1, settings), is_ok());
  EXPECT_EQ(connection_->verifier().verify(settings, value_, {}), Verdict::accepted);
  EXPECT_EQ(connection_->verifier().verify(settings, random_secret(), {}), Verdict::rejected);
}

INSTANTIATE_TEST_SUITE_P(Clients, Verification,
                         testing::Values(AuthCase{"MachineBasic", ClientType::machine, "client_secret_basic"},
                                         AuthCase{"MachinePost", ClientType::machine, "client_secret_post"},
                                         AuthCase{"WebBasic", ClientType::web, "client_secret_basic"},
                                         AuthCase{"WebPost", ClientType::web, "client_secret_post"}),
                         [](const auto& row) { return row.param.name; });

TEST_F(EmbeddedRegistryTest, RetiredSecretIsRejectedAndTheOtherOneStillWorks) {
  const auto created = create("op-1");
  ASSERT_THAT(created, is_ok());
  const Secret second = random_secret();
  ASSERT_THAT(add("op-2", 2, second), is_ok());
  ASSERT_THAT(backend().retire_credential(id_, created->credentials[0].id, {}), is_ok());
  EXPECT_EQ(connection_->verifier().verify(a_machine_client(), second, {}), Verdict::accepted);
  EXPECT_EQ(connection_->verifier().verify(a_machine_client(), value_, {}), Verdict::rejected);
}

TEST_F(EmbeddedRegistryTest, VerdictIsOpenWhileTheRegistryIsDown) {
  ASSERT_THAT(create("op-1"), is_ok());
  process_.stop();
  EXPECT_EQ(connection_->verifier().verify(a_machine_client(), value_, {}), Verdict::unknown);
  EXPECT_THAT(backend().find(id_, {}), has_error(ErrorKind::unavailable));
  EXPECT_THAT(backend().remove(id_, "uid-1", {}), has_error(ErrorKind::unavailable));
}

TEST_F(EmbeddedRegistryTest, ConnectionSurvivesARestart) {
  ASSERT_THAT(create("op-1"), is_ok());
  process_.restart();
  EXPECT_TRUE(backend().find(id_, {})->has_value());
  EXPECT_EQ(connection_->verifier().verify(a_machine_client(), value_, {}), Verdict::accepted);
}

TEST_F(EmbeddedRegistryTest, NothingIsWrittenWithoutTheLease) {
  may_write_ = false;
  EXPECT_THAT(create("op-1"), has_error(ErrorKind::cancelled));
  EXPECT_FALSE(backend().find(id_, {})->has_value());
}

TEST_F(EmbeddedRegistryTest, SecretAndTokenAreInNoLog) {
  ASSERT_THAT(create("op-1"), is_ok());
  EXPECT_EQ(connection_->verifier().verify(a_machine_client(), value_, {}), Verdict::accepted);
  ConnectionConfig other = config();
  EXPECT_EQ(connect(other)->verifier().verify(a_machine_client(), random_secret(), {}), Verdict::rejected);
  const std::string log = process_.log();
  EXPECT_FALSE(log.empty());
  EXPECT_EQ(log.find(value_.reveal()), std::string::npos);
  EXPECT_EQ(log.find(process_.admin_token()->reveal()), std::string::npos);
}

}  // namespace
}  // namespace apiclient::backend
