#include "backend/keycloak_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "json/json.h"
#include "support/matchers.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend::keycloak {
namespace {

using std::chrono::seconds;
using test::a_full_client;
using test::a_machine_client;
using test::a_mark;
using test::has_error;
using test::kValue;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const WallTime kNow{seconds(1767323045)};

/// As Keycloak 26.7 answers: without empty attributes, with its defaults, and with what must not be kept.
Json stored(const Json& sent, const std::vector<std::string>& scopes) {
  Json document = sent;
  Json& attributes = document["attributes"];
  for (auto member = attributes.begin(); member != attributes.end();) {
    member = *member == "" ? attributes.erase(member) : std::next(member);
  }
  attributes["realm_client"] = "false";
  attributes["backchannel.logout.session.required"] =
      attributes.value("backchannel.logout.session.required", "true");
  attributes["client.secret.rotated"] = "the-older-secret";
  for (Json& mapper : document["protocolMappers"]) {
    mapper["id"] = "m-" + mapper["name"].get<std::string>();
    mapper["consentRequired"] = false;
    mapper["config"]["userinfo.token.claim"] = "false";
  }
  std::reverse(document["redirectUris"].begin(), document["redirectUris"].end());
  document["id"] = "uuid-1";
  document["secret"] = kValue;
  document["registrationAccessToken"] = "a-token";
  document["surrogateAuthRequired"] = false;
  document["frontchannelLogout"] = document.value("frontchannelLogout", false);
  document["access"] = {{"view", true}, {"configure", true}, {"manage", true}};
  document["defaultClientScopes"] = {"web-origins", "roles", "basic"};
  document["optionalClientScopes"] = scopes;
  document["optionalClientScopes"].push_back("phone");
  return document;
}

Json created(const ClientSettings& settings) {
  auto body = write_new_client(settings, a_mark(), nullptr, kNow);
  EXPECT_TRUE(body.has_value()) << body.error().message;
  return body.value_or(Json::object());
}

StoredClient a_stored(const ClientSettings& settings, const std::function<void(Json&)>& change = {}) {
  Json document = stored(created(settings), settings.scopes);
  if (change) change(document);
  drop_secrets(document);
  auto client = read_client(std::move(document));
  EXPECT_TRUE(client.has_value()) << client.error().message;
  return client ? std::move(*client) : StoredClient();
}

ClientSettings full_client() {
  ClientSettings settings = a_full_client();
  settings.id_token_lifetime = std::nullopt;
  settings.parameters = {{"backchannel.logout.session.required", "false"},
                         {"frontchannelLogout", "true"},
                         {"description", "Ours"},
                         {"pkce.code.challenge.method", "S256"}};
  return settings;
}

ClientSettings public_client() {
  ClientSettings settings = a_machine_client();
  settings.type = ClientType::public_client;
  settings.grant_types = {"authorization_code", "refresh_token",
                          "urn:ietf:params:oauth:grant-type:device_code"};
  settings.token_endpoint_auth_method = "none";
  settings.require_consent = true;
  return settings;
}

ClientSettings posting_client() {
  ClientSettings settings = a_machine_client();
  settings.token_endpoint_auth_method = "client_secret_post";
  settings.grant_types = {"client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer",
                          "urn:ietf:params:oauth:grant-type:token-exchange"};
  return settings;
}

ClientSettings jwks_uri_client() {
  ClientSettings settings = a_machine_client();
  settings.token_endpoint_auth_method = "private_key_jwt";
  settings.jwks_uri = "https://a.example/jwks.json";
  return settings;
}

ClientSettings with_roles(const std::string& roles) {
  ClientSettings settings = a_machine_client();
  settings.parameters["serviceAccountRoles"] = roles;
  return settings;
}

struct Row {
  const char* name;
  ClientSettings settings;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class KeycloakRoundTrip : public testing::TestWithParam<Row> {};

TEST_P(KeycloakRoundTrip, WhatIsWrittenIsReadBack) {
  const StoredClient client = a_stored(GetParam().settings);
  EXPECT_TRUE(client.client.settings == GetParam().settings)
      << json::dump(Json(client.client.settings.parameters));
  EXPECT_TRUE(client.client.mark == a_mark());
  EXPECT_EQ(client.uuid, "uuid-1");
}

TEST_P(KeycloakRoundTrip, AnUpdateIsReadBackToo) {
  const StoredClient before = a_stored(a_machine_client());
  const auto body = rewrite_client(before, GetParam().settings, a_mark());
  ASSERT_TRUE(body.has_value()) << body.error().message;
  auto after = with_changes(before, *body);
  ASSERT_TRUE(after.has_value()) << after.error().message;
  after->client.settings.scopes = GetParam().settings.scopes;  // by calls of their own
  EXPECT_TRUE(after->client.settings == GetParam().settings)
      << json::dump(Json(after->client.settings.parameters));
}

INSTANTIATE_TEST_SUITE_P(Clients, KeycloakRoundTrip,
                         testing::Values(Row{"Machine", a_machine_client()}, Row{"Full", full_client()},
                                         Row{"Public", public_client()}, Row{"Posting", posting_client()},
                                         Row{"KeysByUri", jwks_uri_client()},
                                         Row{"Roles", with_roles(R"(["viewer","auditor"])")}),
                         [](const auto& row) { return row.param.name; });

struct DriftRow {
  const char* name;
  std::function<void(Json&)> change;
};
void PrintTo(const DriftRow& row, std::ostream* out) { *out << row.name; }

class KeycloakDrift : public testing::TestWithParam<DriftRow> {};

TEST_P(KeycloakDrift, IsSeenAndMended) {
  ClientSettings settings = public_client();
  settings.audiences = {"https://api.example"};
  const StoredClient drifted = a_stored(settings, GetParam().change);
  EXPECT_FALSE(drifted.client.settings == settings);
  const auto body = rewrite_client(drifted, settings, a_mark());
  ASSERT_TRUE(body.has_value()) << body.error().message;
  const auto mended = with_changes(drifted, *body);
  ASSERT_TRUE(mended.has_value());
  EXPECT_TRUE(mended->client.settings == settings) << json::dump(Json(mended->client.settings.parameters));
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeycloakDrift,
    testing::Values(
        DriftRow{"Name", [](Json& client) { client["name"] = "Somebody's"; }},
        DriftRow{"RedirectUri",
                 [](Json& client) { client["redirectUris"].push_back("https://evil.example"); }},
        DriftRow{"PasswordGrant", [](Json& client) { client["directAccessGrantsEnabled"] = true; }},
        DriftRow{"FullScope", [](Json& client) { client["fullScopeAllowed"] = true; }},
        DriftRow{"Pkce", [](Json& client) { client["attributes"].erase("pkce.code.challenge.method"); }},
        DriftRow{"Consent", [](Json& client) { client["consentRequired"] = false; }},
        DriftRow{"Protocol", [](Json& client) { client["protocol"] = "saml"; }},
        DriftRow{"AccessTokenLifespan",
                 [](Json& client) { client["attributes"]["access.token.lifespan"] = "86400"; }},
        DriftRow{"SessionIdle",
                 [](Json& client) { client["attributes"]["client.session.idle.timeout"] = "5"; }},
        DriftRow{"PostLogoutAnywhere",
                 [](Json& client) { client["attributes"]["post.logout.redirect.uris"] = "+"; }},
        DriftRow{"PostLogoutGone",
                 [](Json& client) { client["attributes"].erase("post.logout.redirect.uris"); }},
        DriftRow{"ServiceAccount", [](Json& client) { client["serviceAccountsEnabled"] = true; }},
        DriftRow{"TokenExchange",
                 [](Json& client) { client["attributes"]["standard.token.exchange.enabled"] = "true"; }},
        DriftRow{"AudienceGone", [](Json& client) { client["protocolMappers"] = Json::array(); }},
        DriftRow{
            "AudienceChanged",
            [](Json& client) { client["protocolMappers"][0]["config"]["access.token.claim"] = "false"; }}),
    [](const auto& row) { return row.param.name; });

TEST(KeycloakCodec, WhatTheConsoleWritesForNothingIsNoDrift) {
  const StoredClient client = a_stored(a_machine_client(), [](Json& document) {
    document["attributes"]["use.jwks.url"] = "false";
    document["attributes"]["oauth2.device.authorization.grant.enabled"] = "false";
    document["attributes"]["logoUri"] = "";
  });
  EXPECT_TRUE(client.client.settings == a_machine_client());
}

TEST(KeycloakCodec, OtherPeoplesScopesMappersAndAttributesAreNotSeenAndStay) {
  ClientSettings settings = full_client();
  const StoredClient client = a_stored(settings, [](Json& document) {
    document["optionalClientScopes"].push_back("theirs");
    document["attributes"]["theirs"] = "kept";
    document["protocolMappers"].push_back(
        {{"name", "theirs"}, {"protocolMapper", "oidc-hardcoded-claim-mapper"}});
  });
  EXPECT_TRUE(client.client.settings == settings);
  settings.audiences = {"https://other.example"};
  const auto body = rewrite_client(client, settings, a_mark());
  ASSERT_TRUE(body.has_value());
  EXPECT_FALSE((*body)["attributes"].contains("theirs")) << "what is not sent stays";
  EXPECT_FALSE(body->contains("optionalClientScopes"));
  ASSERT_EQ((*body)["protocolMappers"].size(), 2U);
  EXPECT_EQ((*body)["protocolMappers"][0]["name"], "theirs");
  EXPECT_EQ((*body)["protocolMappers"][1]["id"], "m-apiclient audience 1");
}

TEST(KeycloakCodec, MappersAreSentOnlyWhenAudiencesChange) {
  ClientSettings settings = full_client();
  const StoredClient client = a_stored(settings);
  settings.client_name = "Another name";
  EXPECT_FALSE(rewrite_client(client, settings, a_mark())->contains("protocolMappers"));
}

TEST(KeycloakCodec, AuthorizationServicesStayOn) {
  const StoredClient client =
      a_stored(a_machine_client(), [](Json& document) { document["authorizationServicesEnabled"] = true; });
  EXPECT_EQ((*rewrite_client(client, a_machine_client(), a_mark()))["authorizationServicesEnabled"], true);
  EXPECT_EQ(rewrite_enabled(client, false)["authorizationServicesEnabled"], true);
}

TEST(KeycloakCodec, NoSecretIsKeptAndTheOneOfAnUpdateEntersLast) {
  const StoredClient client = a_stored(a_machine_client());
  for (const char* secret : {kValue.c_str(), "the-older-secret", "a-token"}) {
    EXPECT_THAT(json::dump(client.document), Not(HasSubstr(secret)));
  }
  const Secret value{kValue};
  Json body = rewrite_secret(client, {.operation_id = "op-2", .revision = 2, .value = &value}, kNow);
  EXPECT_THAT(json::dump(body), Not(HasSubstr(kValue)));
  EXPECT_THAT(dump_with_secret(body, &value), HasSubstr(R"("secret":")" + kValue));
  EXPECT_FALSE(body.contains("secret"));
  EXPECT_TRUE(body.contains("attributes")) << "a rotation policy fails without";
}

TEST(KeycloakCodec, TheSecretIsDescribedByTheMark) {
  const Secret value{kValue};
  const StoredClient before = a_stored(a_machine_client());
  ASSERT_EQ(before.client.credentials.size(), 1U);
  EXPECT_EQ(before.client.credentials[0].id, "initial");
  const Json body = rewrite_secret(before, {.operation_id = "op-2", .revision = 2, .value = &value}, kNow);
  const auto after = with_changes(before, body);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->client.credentials[0].operation_id, "op-2");
  EXPECT_EQ(after->client.mark->revision, 2);
  EXPECT_TRUE(after->client.settings == before.client.settings) << "nothing but the secret changes";
}

TEST(KeycloakCodec, AMarkThatCannotBeReadBelongsToNobodyWeKnow) {
  for (const char* text : {"{", "[]", R"({"uid":7})", "theirs"}) {
    const StoredClient client =
        a_stored(a_machine_client(), [&](Json& document) { document["attributes"]["apiclient.dev"] = text; });
    ASSERT_TRUE(client.mark.has_value()) << text;
    EXPECT_EQ(client.mark->owner, OwnershipMark{}) << text;
  }
}

TEST(KeycloakCodec, AnAnswerThatShowsNoMoreThanTheIdIsNotReadable) {
  const auto client = read_client(Json::parse(R"({"id":"uuid-1","clientId":"a"})"));
  ASSERT_TRUE(client.has_value());
  EXPECT_FALSE(client->readable);
  EXPECT_FALSE(
      a_stored(a_machine_client(), [](Json& document) { document["access"]["view"] = false; }).readable);
  EXPECT_THAT(read_client(Json::array()), has_error(ErrorKind::protocol));
  EXPECT_THAT(read_client(Json::parse(R"({"clientId":"a"})")), has_error(ErrorKind::protocol));
}

TEST(KeycloakCodec, TheOrderOfSetsIsNoChange) {
  const StoredClient one = a_stored(full_client());
  const StoredClient other = a_stored(full_client(), [](Json& document) {
    std::reverse(document["defaultClientScopes"].begin(), document["defaultClientScopes"].end());
  });
  EXPECT_EQ(one.client.etag, other.client.etag);
  EXPECT_NE(one.client.etag, a_stored(a_machine_client()).client.etag);
}

// Scopes and roles: a person gives and takes them too

TEST(KeycloakScopes, MissingOnesAreAddedAndOnlyOursAreTakenAway) {
  ClientSettings settings = a_machine_client();
  settings.scopes = {"invoices.read", "phone", "roles"};
  const StoredClient fresh =
      a_stored(settings, [](Json& document) { document["optionalClientScopes"] = Json::array({"phone"}); });
  EXPECT_THAT(scope_change(fresh, settings.scopes).missing, ElementsAre("invoices.read"));
  EXPECT_FALSE(fresh.client.settings == settings) << "what is missing is a difference";

  const StoredClient there = a_stored(settings, [](Json& document) {
    document["optionalClientScopes"] = {"phone", "invoices.read", "theirs"};
  });
  EXPECT_TRUE(there.client.settings == settings);
  const SetChange change = scope_change(there, {});
  EXPECT_THAT(change.missing, IsEmpty());
  EXPECT_THAT(change.surplus, ElementsAre("invoices.read", "phone"))
      << "roles is in every token by a person's wish";
}

TEST(KeycloakScopes, OneThatIsToGoIsOursUntilItIsGone) {
  ClientSettings settings = a_machine_client();
  const StoredClient before = a_stored(settings);
  settings.scopes = {"invoices.read"};
  const auto half = with_changes(before, *rewrite_client(before, settings, a_mark()));
  ASSERT_TRUE(half.has_value());
  EXPECT_FALSE(half->client.settings == settings) << "a crash in between is seen";
  EXPECT_THAT(scope_change(*half, settings.scopes).surplus, ElementsAre("invoices.write"));
}

TEST(KeycloakRoles, OnlyThoseThatAreThereCount) {
  const ClientSettings settings = with_roles(R"(["viewer","auditor"])");
  StoredClient client = a_stored(settings);
  set_present_roles(client, {"default-roles-acme", "auditor", "viewer"});
  EXPECT_TRUE(client.client.settings == settings);
  set_present_roles(client, {"viewer"});
  EXPECT_EQ(client.client.settings.parameters.at("serviceAccountRoles"), R"(["viewer"])");
}

TEST(KeycloakRoles, OneThatIsToGoIsOursUntilItIsGone) {
  const StoredClient before = a_stored(with_roles(R"(["viewer"])"));
  auto half = with_changes(before, *rewrite_client(before, a_machine_client(), a_mark()));
  ASSERT_TRUE(half.has_value());
  set_present_roles(*half, {"viewer"});
  EXPECT_FALSE(half->client.settings == a_machine_client());
  set_present_roles(*half, {});
  EXPECT_TRUE(half->client.settings == a_machine_client());
}

// What cannot be

struct RefusedRow {
  const char* name;
  std::function<void(ClientSettings&)> change;
  const char* message;
};
void PrintTo(const RefusedRow& row, std::ostream* out) { *out << row.name; }

class KeycloakRefusals : public testing::TestWithParam<RefusedRow> {};

TEST_P(KeycloakRefusals, NameTheFieldAndTheFix) {
  ClientSettings settings = a_machine_client();
  GetParam().change(settings);
  const auto body = write_new_client(settings, a_mark(), nullptr, kNow);
  ASSERT_THAT(body, has_error(ErrorKind::invalid));
  EXPECT_THAT(body.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeycloakRefusals,
    testing::Values(
        RefusedRow{"IdTokenLifetime", [](ClientSettings& wish) { wish.id_token_lifetime = seconds(600); },
                   "tokenLifetimes.idToken"},
        RefusedRow{"UnknownParameter", [](ClientSettings& wish) { wish.parameters["color"] = "blue"; },
                   "color is none"},
        RefusedRow{"NoFlag", [](ClientSettings& wish) { wish.parameters["frontchannelLogout"] = "maybe"; },
                   "must be true or false"},
        RefusedRow{"TypedMember", [](ClientSettings& wish) { wish.parameters["fullScopeAllowed"] = "true"; },
                   "fullScopeAllowed is none"},
        RefusedRow{"PkceOfAPublicClient",
                   [](ClientSettings& wish) {
                     wish.type = ClientType::public_client;
                     wish.parameters["pkce.code.challenge.method"] = "plain";
                   },
                   "always S256"},
        RefusedRow{"RolesForOneWhoActsForUsers",
                   [](ClientSettings& wish) {
                     wish.grant_types = {"authorization_code", "client_credentials"};
                     wish.parameters["serviceAccountRoles"] = R"(["viewer"])";
                   },
                   "only for type Machine"},
        RefusedRow{"RolesThatAreNoList",
                   [](ClientSettings& wish) { wish.parameters["serviceAccountRoles"] = "viewer"; },
                   "must be a list"},
        RefusedRow{"ARoleTwice",
                   [](ClientSettings& wish) { wish.parameters["serviceAccountRoles"] = R"(["a","a"])"; },
                   "each once"}),
    [](const auto& row) { return row.param.name; });

TEST(KeycloakCodec, AParameterThatIsNotAskedForAnyMoreIsTakenAway) {
  ClientSettings settings = full_client();
  const StoredClient before = a_stored(settings);
  settings.parameters.clear();
  const auto body = rewrite_client(before, settings, a_mark());
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ((*body)["attributes"]["pkce.code.challenge.method"], "");
  EXPECT_EQ((*body)["frontchannelLogout"], false);
  EXPECT_TRUE(with_changes(before, *body)->client.settings == settings);
}

TEST(KeycloakLists, OursAreFoundByTheirMark) {
  Json ours = stored(created(a_machine_client()), {});
  Json theirs = ours;
  theirs["attributes"]["apiclient.dev"] =
      R"({"installation_id":"other","namespace":"n","name":"a","uid":"u","revision":1})";
  const Json list{ours, theirs, {{"id", "1"}, {"clientId", "account"}}};
  const auto owned = read_owned(list, "inst-1");
  ASSERT_TRUE(owned.has_value());
  EXPECT_THAT(*owned, ElementsAre("acme_team-a_invoices"));
  EXPECT_THAT(read_owned(Json::object(), "inst-1"), has_error(ErrorKind::protocol));
  EXPECT_THAT(read_owned(Json::parse(R"([{"id":"1"}])"), "inst-1"), has_error(ErrorKind::protocol));
}

}  // namespace
}  // namespace apiclient::backend::keycloak
