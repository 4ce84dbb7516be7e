#include "backend/keycloak_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "backend/keycloak_codec.h"
#include "json/json.h"
#include "support/fake_clock.h"
#include "support/matchers.h"
#include "support/scripted_transport.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend {
namespace {

using http::Method;
using std::chrono::seconds;
using test::a_mark;
using test::has_error;
using test::is_ok;
using test::kValue;
using test::ScriptedTransport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kClientId = "acme_team-a_invoices";
const std::string kFind = "/clients?clientId=acme_team-a_invoices";
const std::string kProof = "/default-default-client-scopes";
const std::string kPath = "/clients/uuid-1";
const std::string kSecretPath = "/clients/uuid-1/client-secret";
const std::string kSecretAnswer = R"({"type":"secret","value":")" + kValue + "\"}";
const std::string kProfiles = "/client-policies/profiles";
const std::string kPolicies = "/client-policies/policies";
const std::string kRotationProfile =
    R"({"profiles":[{"name":"rotate","executors":[{"executor":"secret-rotation","configuration":)"
    R"({"expiration-period":2592000,"rotated-expiration-period":"172800"}}]}]})";
const std::string kRotationPolicy =
    R"({"policies":[{"name":"all","enabled":true,"conditions":[{"condition":"any-client","configuration":{}}],)"
    R"("profiles":["rotate"]}]})";
const std::string kScopes = "/client-scopes";
const std::string kUserPath = "/clients/uuid-1/service-account-user";
const std::string kRoles = "/users/user-1/role-mappings/realm";
const std::string kGone = R"({"error":"Could not find client"})";
const std::string kForbidden = R"({"error":"HTTP 403 Forbidden"})";
const WallTime kNow{seconds(1767323045)};  // FakeClock begins there

/// Without scopes, which need calls of their own.
ClientSettings a_client() {
  ClientSettings settings = test::a_machine_client();
  settings.scopes.clear();
  return settings;
}

ClientSettings with_scopes() { return test::a_machine_client(); }

ClientSettings with_roles() {
  ClientSettings settings = a_client();
  settings.parameters["serviceAccountRoles"] = R"(["viewer"])";
  return settings;
}

class KeycloakBackendTest : public testing::Test {
 protected:
  Json document(const ClientSettings& settings, const std::function<void(Json&)>& change = {}) {
    Json client = *keycloak::write_new_client(settings, a_mark(), &first_, kNow);
    client["id"] = "uuid-1";
    client["secret"] = kValue;
    client["access"] = {{"view", true}, {"manage", true}};
    client["attributes"]["theirs"] = "kept";
    client["defaultClientScopes"] = Json::array({"basic"});
    client["optionalClientScopes"] = settings.scopes;
    if (change) change(client);
    return client;
  }
  std::string stored(const std::function<void(Json&)>& change = {}) {
    return json::dump(document(a_client(), change));
  }
  std::string found(const std::function<void(Json&)>& change = {}) {
    return json::dump(Json::array({document(a_client(), change)}));
  }
  std::string found_of(const ClientSettings& settings, const std::function<void(Json&)>& change = {}) {
    return json::dump(Json::array({document(settings, change)}));
  }

  void expect_metadata() {
    issuer_.expect(Method::get, "/.well-known/oauth-authorization-server/realms/acme", 404);
    issuer_.expect(Method::get, "/realms/acme/.well-known/openid-configuration", 200,
                   R"({"issuer":"http://k.example/realms/acme","token_endpoint":"http://k.example/t"})");
  }
  void expect_created() {
    writes_.expect(
        Method::post, "/clients",
        http::Response{.status_code = 201,
                       .headers = {{"Location", "https://k.example/admin/realms/acme/clients/uuid-1"}}});
  }

  /// What was sent with this method, one after another.
  std::vector<std::string> bodies(Method method) {
    std::vector<std::string> sent;
    const auto requests = writes_.requests();
    for (const http::Request& request : requests) {
      if (request.method == method) sent.push_back(request.body);
    }
    return sent;
  }
  Json body_of(Method method) {
    const auto sent = bodies(method);
    return sent.empty() ? Json() : *json::parse(sent.front());
  }

  ScriptedTransport reads_;
  ScriptedTransport writes_;
  ScriptedTransport issuer_;
  telemetry::Metrics metrics_;
  test::FakeClock clock_;
  Discovery discovery_{issuer_, "http://k.example/realms/acme", ""};
  const Secret value_{kValue};
  const NewCredential first_{.operation_id = "op-1", .revision = 1, .value = &value_};
  const NewCredential second_{.operation_id = "op-2", .revision = 2, .value = &value_};
  std::unique_ptr<Backend> backend_ = make_keycloak_backend(
      "default",
      {.reads = reads_, .writes = writes_, .discovery = discovery_, .clock = clock_, .metrics = metrics_});
};

// Look-ups

TEST_F(KeycloakBackendTest, FindReadsClientMarkAndDescribedSecret) {
  reads_.expect(Method::get, kFind, 200, found());
  const auto client = backend_->find(kClientId, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  ASSERT_TRUE(client->has_value());
  EXPECT_TRUE((*client)->settings == a_client());
  EXPECT_TRUE((*client)->mark == a_mark());
  ASSERT_EQ((*client)->credentials.size(), 1U);
  EXPECT_EQ((*client)->credentials.front().operation_id, "op-1");
}

TEST_F(KeycloakBackendTest, AnEmptyListIsAbsentOnlyWithARightToSeeAll) {
  reads_.expect(Method::get, kFind, 200, "[]");
  reads_.expect(Method::get, kProof, 200, "[]");
  const auto absent = backend_->find(kClientId, {});
  ASSERT_TRUE(absent.has_value()) << absent.error().message;
  EXPECT_FALSE(absent->has_value());

  reads_.expect(Method::get, kFind, 200, "[]");
  reads_.expect(Method::get, kProof, 403, kForbidden);
  const auto hidden = backend_->find(kClientId, {});
  ASSERT_THAT(hidden, has_error(ErrorKind::forbidden));
  EXPECT_THAT(hidden.error().message, HasSubstr("view-clients"));
}

TEST_F(KeycloakBackendTest, AClientThatIsShownByItsIdAloneIsForbidden) {
  reads_.expect(Method::get, kFind, 200, R"([{"id":"uuid-1","clientId":"acme_team-a_invoices"}])");
  EXPECT_THAT(backend_->find(kClientId, {}), has_error(ErrorKind::forbidden));
}

TEST_F(KeycloakBackendTest, WhatIsNoAnswerOfKeycloaksIsNeitherFoundNorAbsent) {
  const std::string other = R"([{"id":"1","clientId":"other","access":{"view":true}}])";
  for (const std::string& body : {std::string("<html>"), std::string("{}"), std::string(""), other}) {
    reads_.expect(Method::get, kFind, 200, body);
    EXPECT_THAT(backend_->find(kClientId, {}), has_error(ErrorKind::protocol)) << body;
  }
  reads_.expect(Method::get, kFind, 200, "[]");
  reads_.expect(Method::get, kProof, 200, "<html>");
  EXPECT_THAT(backend_->find(kClientId, {}), has_error(ErrorKind::protocol));
}

TEST_F(KeycloakBackendTest, ARefusedTokenNamesTheFix) {
  reads_.expect(Method::get, kFind, 401, R"({"error":"HTTP 401 Unauthorized"})");
  const auto client = backend_->find(kClientId, {});
  ASSERT_THAT(client, has_error(ErrorKind::unauthorized));
  EXPECT_THAT(client.error().message, HasSubstr("kc-admin-api"));
}

TEST_F(KeycloakBackendTest, AllPagesOfTheListAreRead) {
  const auto page = [this](const std::string& id, bool ours) {
    return json::dump(Json::array({document(a_client(), [&](Json& client) {
      client["clientId"] = id;
      if (!ours) client["attributes"].erase("apiclient.dev");
    })}));
  };
  reads_.expect(Method::get, "/clients?first=0&max=100", 200, page("one", true));
  reads_.expect(Method::get, "/clients?first=100&max=100", 200, page("theirs", false));
  reads_.expect(Method::get, "/clients?first=200&max=100", 200, page("two", true));
  reads_.expect(Method::get, "/clients?first=300&max=100", 200, "[]");
  const auto owned = backend_->list_owned("inst-1", {});
  ASSERT_TRUE(owned.has_value()) << owned.error().message;
  EXPECT_THAT(*owned, ElementsAre("one", "two"));
}

TEST_F(KeycloakBackendTest, AListThatShowsNothingIsForbidden) {
  reads_.expect(Method::get, "/clients?first=0&max=100", 200, "[]");
  EXPECT_THAT(backend_->list_owned("inst-1", {}), has_error(ErrorKind::forbidden));
}

// Creation

TEST_F(KeycloakBackendTest, CreateSendsIdSecretAndMarkInOneRequest) {
  expect_created();
  writes_.expect(Method::get, kPath, 200, stored());
  const auto client = backend_->create(a_client(), a_mark(), &first_, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_TRUE(client->mark == a_mark());
  const Json body = body_of(Method::post);
  EXPECT_EQ(body["clientId"], kClientId);
  EXPECT_EQ(body["secret"], kValue);
  EXPECT_EQ(body["enabled"], true);
  EXPECT_THAT(body["attributes"]["apiclient.dev"], HasSubstr("op-1"));
  EXPECT_LE(writes_.requests().at(0).timeout, seconds(4));
}

TEST_F(KeycloakBackendTest, CreateNeverOverwrites) {
  writes_.expect(Method::post, "/clients", 409, R"({"errorMessage":"Client a already exists"})");
  EXPECT_THAT(backend_->create(a_client(), a_mark(), &first_, {}), has_error(ErrorKind::already_exists));
}

TEST_F(KeycloakBackendTest, CreateThatAnswersAWebPageHasAnUnknownOutcome) {
  writes_.expect(Method::post, "/clients", 200, "<html>welcome</html>");
  const auto client = backend_->create(a_client(), a_mark(), &first_, {});
  ASSERT_THAT(client, has_error(ErrorKind::protocol));
  EXPECT_TRUE(outcome_unknown(client.error()));
}

TEST_F(KeycloakBackendTest, SecretThatTheRegistryRepeatsStaysOutOfTheError) {
  writes_.expect(Method::post, "/clients", 400,
                 R"({"error":"invalid_input","error_description":"bad )" + kValue + "\"}");
  const auto client = backend_->create(a_client(), a_mark(), &first_, {});
  ASSERT_THAT(client, has_error(ErrorKind::invalid));
  EXPECT_EQ(client.error().code, "invalid_input");
  EXPECT_THAT(client.error().message, Not(HasSubstr(kValue)));
}

TEST_F(KeycloakBackendTest, AScopeThatTheRealmDoesNotHaveIsSaidBeforeAnythingIsMade) {
  writes_.expect(Method::get, kScopes, 200,
                 R"([{"id":"s1","name":"invoices.read","protocol":"openid-connect"}])");
  const auto client = backend_->create(with_scopes(), a_mark(), &first_, {});
  ASSERT_THAT(client, has_error(ErrorKind::invalid));
  EXPECT_THAT(client.error().message, HasSubstr("no client scope invoices.write"));
  EXPECT_THAT(client.error().message, HasSubstr("spec.scopes"));
  EXPECT_THAT(bodies(Method::post), IsEmpty());
}

const std::string kKnownScopes = R"([{"id":"s1","name":"invoices.read","protocol":"openid-connect"},)"
                                 R"({"id":"s2","name":"invoices.write","protocol":"openid-connect"},)"
                                 R"({"id":"s3","name":"role_list","protocol":"saml"}])";

TEST_F(KeycloakBackendTest, ScopesAreAddedOneByOneAsOptionalOnes) {
  const auto none = [](Json& client) { client["optionalClientScopes"] = Json::array(); };
  writes_.expect(Method::get, kScopes, 200, kKnownScopes);
  expect_created();
  writes_.expect(Method::get, kPath, 200, json::dump(document(with_scopes(), none)));
  writes_.expect(Method::get, kScopes, 200, kKnownScopes);
  writes_.expect(Method::put, kPath + "/optional-client-scopes/s1", 204);
  writes_.expect(Method::put, kPath + "/optional-client-scopes/s2", 204);
  writes_.expect(Method::get, kPath, 200, json::dump(document(with_scopes())));
  const auto client = backend_->create(with_scopes(), a_mark(), &first_, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_TRUE(client->settings == with_scopes());
}

TEST_F(KeycloakBackendTest, ScopesThatAreNotAskedForAnyMoreGoAndOthersStay) {
  const auto more = [](Json& client) { client["optionalClientScopes"].push_back("theirs"); };
  writes_.expect(Method::get, kFind, 200, found_of(with_scopes(), more));
  writes_.expect(Method::put, kPath, 204);
  writes_.expect(Method::get, kScopes, 200, kKnownScopes);
  writes_.expect(Method::del, kPath + "/optional-client-scopes/s1", 204);
  writes_.expect(Method::del, kPath + "/optional-client-scopes/s2", 204);
  writes_.expect(Method::get, kPath, 200, stored());
  const auto client = backend_->update(a_client(), a_mark(), "uid-1", {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
}

// Roles of the service account

TEST_F(KeycloakBackendTest, RolesAreGivenToTheServiceAccount) {
  const std::string present = R"([{"id":"r0","name":"default-roles-acme"}])";
  expect_created();
  writes_.expect(Method::get, kPath, 200, json::dump(document(with_roles())));
  writes_.expect(Method::get, kUserPath, 200, R"({"id":"user-1"})");
  writes_.expect(Method::get, kRoles, 200, present);
  writes_.expect(Method::get, kRoles + "/available", 200, R"([{"id":"r1","name":"viewer"}])");
  writes_.expect(Method::post, kRoles, 204);
  writes_.expect(Method::get, kUserPath, 200, R"({"id":"user-1"})");
  writes_.expect(Method::get, kRoles, 200, R"([{"id":"r1","name":"viewer"}])");
  const auto client = backend_->create(with_roles(), a_mark(), &first_, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_TRUE(client->settings == with_roles());
  EXPECT_EQ(*json::parse(bodies(Method::post).back()), Json::parse(R"([{"id":"r1","name":"viewer"}])"));
}

TEST_F(KeycloakBackendTest, RolesThatMayNotBeGivenAreTheClientsTrouble) {
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::put, kPath, 204);
  writes_.expect(Method::get, kUserPath, 200, R"({"id":"user-1"})");
  writes_.expect(Method::get, kRoles, 403, kForbidden);
  const auto client = backend_->update(with_roles(), a_mark(), "uid-1", {});
  ASSERT_THAT(client, has_error(ErrorKind::invalid));
  EXPECT_THAT(client.error().message, HasSubstr("manage-users"));
}

TEST_F(KeycloakBackendTest, ARoleThatDoesNotExistIsNamed) {
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::put, kPath, 204);
  writes_.expect(Method::get, kUserPath, 200, R"({"id":"user-1"})");
  writes_.expect(Method::get, kRoles, 200, "[]");
  writes_.expect(Method::get, kRoles + "/available", 200, "[]");
  const auto client = backend_->update(with_roles(), a_mark(), "uid-1", {});
  ASSERT_THAT(client, has_error(ErrorKind::invalid));
  EXPECT_THAT(client.error().message, HasSubstr("no role viewer"));
}

TEST_F(KeycloakBackendTest, FindSeesWhetherTheRolesAreThereAndWorksWithoutTheRight) {
  reads_.expect(Method::get, kFind, 200, found_of(with_roles()));
  reads_.expect(Method::get, kUserPath, 200, R"({"id":"user-1"})");
  reads_.expect(Method::get, kRoles, 200, R"([{"id":"r1","name":"viewer"}])");
  EXPECT_TRUE((*backend_->find(kClientId, {}))->settings == with_roles());

  reads_.expect(Method::get, kFind, 200, found_of(with_roles()));
  reads_.expect(Method::get, kUserPath, 200, R"({"id":"user-1"})");
  reads_.expect(Method::get, kRoles, 403, kForbidden);
  const auto hidden = backend_->find(kClientId, {});
  ASSERT_TRUE(hidden.has_value()) << hidden.error().message;
  EXPECT_FALSE((*hidden)->settings == with_roles());
}

// Changes

TEST_F(KeycloakBackendTest, UpdateSendsOnlyWhatIsOursAndNoSecret) {
  ClientSettings wish = a_client();
  wish.client_name = "Another name";
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::put, kPath, 204);
  const auto client = backend_->update(wish, a_mark(), "uid-1", {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_TRUE(client->settings == wish);
  EXPECT_EQ(client->credentials.size(), 1U);
  const Json body = body_of(Method::put);
  EXPECT_EQ(body["name"], "Another name");
  EXPECT_FALSE(body.contains("secret"));
  EXPECT_FALSE(body["attributes"].contains("theirs"));
  std::chrono::milliseconds total{0};
  for (const http::Request& request : writes_.requests()) total += request.timeout;
  EXPECT_LE(total, seconds(4));
}

TEST_F(KeycloakBackendTest, UpdateOfWhatIsRightWritesNothing) {
  writes_.expect(Method::get, kFind, 200, found());
  EXPECT_THAT(backend_->update(a_client(), a_mark(), "uid-1", {}), is_ok());
}

/// Every write looks at the mark first.
TEST_F(KeycloakBackendTest, WhatBelongsToSomebodyElseIsNotWritten) {
  const auto mark = [](const char* text) {
    return [text](Json& client) { client["attributes"]["apiclient.dev"] = text; };
  };
  const char* another =
      R"({"installation_id":"inst-1","namespace":"n","name":"a","uid":"uid-9","revision":1})";
  for (const char* text : {another, "", "{\"uid\":7}"}) {
    for (int call = 0; call < 4; ++call) writes_.expect(Method::get, kFind, 200, found(mark(text)));
    EXPECT_THAT(backend_->update(a_client(), a_mark(), "uid-1", {}), has_error(ErrorKind::conflict));
    EXPECT_THAT(backend_->replace_credential(kClientId, "uid-1", second_, {}),
                has_error(ErrorKind::conflict));
    EXPECT_THAT(backend_->set_disabled(kClientId, "uid-1", true, {}), has_error(ErrorKind::conflict));
    EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), has_error(ErrorKind::conflict));
  }
}

TEST_F(KeycloakBackendTest, NothingIsWrittenWithoutAnOwnersUid) {
  const auto odd = [](Json& client) { client["attributes"]["apiclient.dev"] = "{}"; };
  for (int call = 0; call < 4; ++call) writes_.expect(Method::get, kFind, 200, found(odd));
  EXPECT_THAT(backend_->update(a_client(), a_mark(), "", {}), has_error(ErrorKind::internal));
  EXPECT_THAT(backend_->replace_credential(kClientId, "", second_, {}), has_error(ErrorKind::internal));
  EXPECT_THAT(backend_->set_disabled(kClientId, "", true, {}), has_error(ErrorKind::internal));
  EXPECT_THAT(backend_->remove(kClientId, "", {}), has_error(ErrorKind::internal));
}

TEST_F(KeycloakBackendTest, UpdateByAnOlderRevisionIsAConflict) {
  OwnershipMark newer = a_mark();
  newer.revision = 5;
  const Json client = *keycloak::write_new_client(a_client(), newer, &first_, kNow);
  writes_.expect(Method::get, kFind, 200, found([&](Json& one) {
                   one["attributes"]["apiclient.dev"] = client["attributes"]["apiclient.dev"];
                 }));
  const auto updated = backend_->update(a_client(), a_mark(), "uid-1", {});
  ASSERT_THAT(updated, has_error(ErrorKind::conflict));
  EXPECT_EQ(updated.error().code, "revision_conflict");
}

TEST_F(KeycloakBackendTest, ReplaceSendsSecretAndDescriptionInOneRequest) {
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::put, kPath, 204);
  const auto credential = backend_->replace_credential(kClientId, "uid-1", second_, {});
  ASSERT_TRUE(credential.has_value()) << credential.error().message;
  EXPECT_EQ(credential->id, "op-2");
  EXPECT_EQ(credential->created_at, kNow);
  const Json body = body_of(Method::put);
  EXPECT_EQ(body["secret"], kValue);
  EXPECT_THAT(body["attributes"]["apiclient.dev"], HasSubstr("op-2"));
}

TEST_F(KeycloakBackendTest, ReplaceByTheSameOperationOrAnOlderOneChangesNothing) {
  writes_.expect(Method::get, kFind, 200, found());
  EXPECT_EQ(backend_->replace_credential(kClientId, "uid-1", first_, {})->revision, 1);
  const NewCredential late{.operation_id = "op-0", .revision = 1, .value = &value_};
  writes_.expect(Method::get, kFind, 200, found());
  const auto credential = backend_->replace_credential(kClientId, "uid-1", late, {});
  ASSERT_THAT(credential, has_error(ErrorKind::conflict));
  EXPECT_EQ(credential.error().code, "revision_conflict");
}

TEST_F(KeycloakBackendTest, ARotationPolicyThatPutsItsOwnSecretInPlaceIsInsistedAgainst) {
  const auto dated = [](Json& client) { client["attributes"]["client.secret.expiration.time"] = "1"; };
  writes_.expect(Method::get, kFind, 200, found(dated));
  writes_.expect(Method::put, kPath, 204);
  writes_.expect(Method::get, kSecretPath, 200, R"({"type":"secret","value":"another"})");
  writes_.expect(Method::get, kPath, 200, stored(dated));
  writes_.expect(Method::put, kPath, 204);
  writes_.expect(Method::get, kSecretPath, 200, kSecretAnswer);
  EXPECT_THAT(backend_->replace_credential(kClientId, "uid-1", second_, {}), is_ok());
  for (const std::string& body : bodies(Method::put)) EXPECT_EQ((*json::parse(body))["secret"], kValue);

  writes_.expect(Method::get, kFind, 200, found(dated));
  for (int time = 0; time < 2; ++time) {
    writes_.expect(Method::put, kPath, 204);
    writes_.expect(Method::get, kSecretPath, 200, R"({"type":"secret","value":"another"})");
    writes_.expect(Method::get, kPath, 200, stored(dated));
  }
  const auto refused = backend_->replace_credential(kClientId, "uid-1", second_, {});
  ASSERT_THAT(refused, has_error(ErrorKind::conflict));
  EXPECT_EQ(refused.error().code, "secret_not_kept");
}

// Two secrets under a rotation policy

/// As the server tells of a secret that was put aside at that time.
std::function<void(Json&)> rotated(const std::string& time) {
  return [time](Json& client) {
    client["attributes"]["client.secret.expiration.time"] = "1800000000";
    if (!time.empty()) client["attributes"]["client.secret.rotated.creation.time"] = time;
  };
}

/// The same, with a mark that says so.
std::function<void(Json&)> with_mark(const std::string& time, const std::function<void(Json&)>& change) {
  return [time, change](Json& client) {
    rotated(time)(client);
    Json mark = *json::parse(client["attributes"]["apiclient.dev"].get<std::string>());
    change(mark);
    client["attributes"]["apiclient.dev"] = json::dump(mark);
  };
}

TEST_F(KeycloakBackendTest, TheProbeSeesWhatThePolicyAllows) {
  const auto probe = [&](int status, const std::string& profiles, const std::string& policies) {
    expect_metadata();
    reads_.expect(Method::get, "/clients?first=0&max=1", 200, found());
    reads_.expect(Method::get, kProfiles, status, profiles);
    if (status == 200) reads_.expect(Method::get, kPolicies, 200, policies);
    const auto info = backend_->probe({});
    EXPECT_THAT(info, is_ok());
    return info ? info->capabilities : Capabilities();
  };
  const Capabilities two = probe(200, kRotationProfile, kRotationPolicy);
  EXPECT_EQ(two.max_secrets, 2);
  EXPECT_TRUE(two.ends_overlap_itself());
  EXPECT_EQ(two.longest_overlap, seconds(172800));
  EXPECT_EQ(two.secret_lifetime, seconds(2592000));
  EXPECT_EQ(probe(200, kRotationProfile, R"({"policies":[]})").max_secrets, 1);
  EXPECT_EQ(probe(403, kForbidden, "").max_secrets, 1) << "what we may not see we do not rely on";
}

TEST_F(KeycloakBackendTest, AddPutsTheNewestSecretAsideAndPutsOursInItsPlace) {
  writes_.expect(Method::get, kFind, 200, found(rotated("")));
  writes_.expect(Method::get, kProfiles, 200, kRotationProfile);
  writes_.expect(Method::get, kPolicies, 200, kRotationPolicy);
  writes_.expect(Method::get, kSecretPath, 200, kSecretAnswer);
  writes_.expect(Method::post, kSecretPath, 200, R"({"type":"secret","value":"made-by-keycloak"})");
  writes_.expect(Method::get, kPath, 200, stored(rotated("1767323045")));
  writes_.expect(Method::put, kPath, 204);
  writes_.expect(Method::get, kSecretPath, 200, kSecretAnswer);
  const auto credential = backend_->add_credential(kClientId, "uid-1", second_, {});
  ASSERT_TRUE(credential.has_value()) << credential.error().message;
  EXPECT_EQ(credential->id, "op-2");
  const Json body = body_of(Method::put);
  EXPECT_EQ(body["secret"], kValue);
  const Json mark = *json::parse(body["attributes"]["apiclient.dev"].get<std::string>());
  EXPECT_EQ(mark["credential"]["operation_id"], "op-2");
  ASSERT_EQ(mark["older"].size(), 1U);
  EXPECT_EQ(mark["older"][0]["operation_id"], "op-1");
  EXPECT_EQ(mark["rotated_at"], "1767323045");
}

TEST_F(KeycloakBackendTest, ASecretIsNotPutAsideTwice) {
  // The answer to the first call was lost.
  writes_.expect(Method::get, kFind, 200, found(rotated("1767323045")));
  writes_.expect(Method::put, kPath, 204);
  writes_.expect(Method::get, kSecretPath, 200, kSecretAnswer);
  EXPECT_THAT(backend_->add_credential(kClientId, "uid-1", second_, {}), is_ok());

  // In the same second as the one before: the newest secret is not the one that we know of.
  const auto same_second = with_mark("1767323045", [](Json& mark) { mark["rotated_at"] = "1767323045"; });
  writes_.expect(Method::get, kFind, 200, found(same_second));
  writes_.expect(Method::get, kProfiles, 200, kRotationProfile);
  writes_.expect(Method::get, kPolicies, 200, kRotationPolicy);
  writes_.expect(Method::get, kSecretPath, 200, R"({"type":"secret","value":"made-by-keycloak"})");
  writes_.expect(Method::get, kPath, 200, stored(same_second));
  writes_.expect(Method::put, kPath, 204);
  writes_.expect(Method::get, kSecretPath, 200, kSecretAnswer);
  EXPECT_THAT(backend_->add_credential(kClientId, "uid-1", second_, {}), is_ok());
  EXPECT_THAT(bodies(Method::post), IsEmpty());
  for (const std::string& body : bodies(Method::put)) EXPECT_THAT(body, HasSubstr("op-1"));
}

TEST_F(KeycloakBackendTest, NothingIsPutAsideWhereThePolicyHasGone) {
  writes_.expect(Method::get, kFind, 200, found(rotated("")));
  writes_.expect(Method::get, kProfiles, 200, kRotationProfile);
  writes_.expect(Method::get, kPolicies, 200, R"({"policies":[]})");
  const auto refused = backend_->add_credential(kClientId, "uid-1", second_, {});
  ASSERT_THAT(refused, has_error(ErrorKind::conflict));
  EXPECT_EQ(refused.error().code, "rotation_policy_gone");
}

TEST_F(KeycloakBackendTest, AnOlderSecretIsRetiredByItself) {
  const auto two = with_mark("1767323045", [](Json& mark) {
    mark["rotated_at"] = "1767323045";
    mark["older"] = Json::array({{{"operation_id", "op-0"}, {"revision", 0}}});
  });
  writes_.expect(Method::get, kFind, 200, found(two));
  writes_.expect(Method::del, kSecretPath + "/rotated", 204);
  EXPECT_THAT(backend_->retire_credential(kClientId, "op-0", {}), is_ok());
  writes_.expect(Method::get, kFind, 200, found(two));
  writes_.expect(Method::del, kSecretPath + "/rotated", 404, kGone);
  EXPECT_THAT(backend_->retire_credential(kClientId, "op-0", {}), is_ok()) << "it has ended by itself";
}

TEST_F(KeycloakBackendTest, TheNewestSecretIsRetiredByOneThatNobodyKnows) {
  writes_.expect(Method::get, kFind, 200, found(rotated("1767323045")));
  writes_.expect(Method::put, kPath, 204);
  EXPECT_THAT(backend_->retire_credential(kClientId, "unknown", {}), is_ok());
  const Json body = body_of(Method::put);
  EXPECT_GE(body["secret"].get<std::string>().size(), 43U);
  const Json mark = *json::parse(body["attributes"]["apiclient.dev"].get<std::string>());
  EXPECT_EQ(mark["newest_is_unknown"], true);
  EXPECT_EQ(mark["older"][0]["operation_id"], "op-1") << "it goes on working";
  EXPECT_FALSE(mark.contains("credential"));
}

TEST_F(KeycloakBackendTest, AdoptIsBoundToTheStateThatWasRead) {
  const auto unmarked = [](Json& client) { client["attributes"].erase("apiclient.dev"); };
  reads_.expect(Method::get, kFind, 200, found(unmarked));
  const auto seen = backend_->find(kClientId, {});
  ASSERT_TRUE(seen.has_value() && seen->has_value());
  const std::string etag = (*seen)->etag;

  writes_.expect(Method::get, kFind, 200, found([&](Json& client) {
                   unmarked(client);
                   client["description"] = "somebody was here";
                 }));
  EXPECT_THAT(backend_->adopt(a_client(), a_mark(), etag, {}), has_error(ErrorKind::conflict));
  writes_.expect(Method::get, kFind, 200, found());
  EXPECT_THAT(backend_->adopt(a_client(), a_mark(), etag, {}), has_error(ErrorKind::conflict));

  writes_.expect(Method::get, kFind, 200, found(unmarked));
  writes_.expect(Method::put, kPath, 204);
  const auto adopted = backend_->adopt(a_client(), a_mark(), etag, {});
  ASSERT_TRUE(adopted.has_value()) << adopted.error().message;
  EXPECT_TRUE(adopted->mark == a_mark());
}

TEST_F(KeycloakBackendTest, AClientIsSwitchedOffAndOn) {
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::put, kPath, 204);
  const auto off = backend_->set_disabled(kClientId, "uid-1", true, {});
  ASSERT_TRUE(off.has_value()) << off.error().message;
  EXPECT_TRUE(off->disabled);
  EXPECT_EQ(body_of(Method::put)["enabled"], false);
  writes_.expect(Method::get, kFind, 200, found());
  EXPECT_FALSE(backend_->set_disabled(kClientId, "uid-1", false, {})->disabled)
      << "it is on, so nothing is sent";
}

TEST_F(KeycloakBackendTest, RemoveOfWhatIsAbsentSucceeds) {
  writes_.expect(Method::get, kFind, 200, "[]");
  writes_.expect(Method::get, kProof, 200, "[]");
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), is_ok());
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::del, kPath, 404, kGone);
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), is_ok()) << "gone in between";
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::del, kPath, 204);
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), is_ok());
}

TEST_F(KeycloakBackendTest, RemoveThatIsNotDoneIsNotCalledDone) {
  writes_.expect(Method::get, kFind, 200, "[]");
  writes_.expect(Method::get, kProof, 403, kForbidden);
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), has_error(ErrorKind::forbidden));
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::del, kPath, 404, R"({"error":"Realm not found."})");
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), has_error(ErrorKind::protocol));
  writes_.expect(Method::get, kFind, 200, found());
  writes_.expect(Method::del, kPath, 200, "<html>");
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), has_error(ErrorKind::protocol));
}

TEST_F(KeycloakBackendTest, TheOnlySecretIsNotRetired) {
  writes_.expect(Method::get, kFind, 200, found());
  EXPECT_THAT(backend_->retire_credential(kClientId, "op-1", {}), has_error(ErrorKind::invalid));
  writes_.expect(Method::get, kFind, 200, found());
  EXPECT_THAT(backend_->retire_credential(kClientId, "op-0", {}), is_ok()) << "it is gone";
}

// Probe

struct ProbeRow {
  const char* name;
  const char* page;
  const char* message;  ///< empty: well
};
void PrintTo(const ProbeRow& row, std::ostream* out) { *out << row.name; }

class KeycloakProbe : public KeycloakBackendTest, public testing::WithParamInterface<ProbeRow> {};

TEST_P(KeycloakProbe, SeesTheRights) {
  expect_metadata();
  reads_.expect(Method::get, "/clients?first=0&max=1", 200, GetParam().page);
  const bool well = std::string_view(GetParam().message).empty();
  if (well) reads_.expect(Method::get, kProfiles, 403, kForbidden);
  const auto info = backend_->probe({});
  if (well) {
    ASSERT_TRUE(info.has_value()) << info.error().message;
    EXPECT_EQ(info->capabilities.max_secrets, 1);
    EXPECT_TRUE(info->capabilities.can_disable);
    EXPECT_EQ(info->endpoints.token, "http://k.example/t");
  } else {
    ASSERT_THAT(info, has_error(ErrorKind::forbidden));
    EXPECT_THAT(info.error().message, HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeycloakProbe,
    testing::Values(ProbeRow{"All", R"([{"clientId":"account","access":{"view":true,"manage":true}}])", ""},
                    ProbeRow{"NothingToSee", "[]", "view-clients"},
                    ProbeRow{"OnlyToSee", R"([{"clientId":"account","access":{"view":true,"manage":false}}])",
                             "manage-clients"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace apiclient::backend
