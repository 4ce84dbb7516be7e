#include "api/api_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::api {
namespace {

using test::an_api_client;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const WallTime kTime{std::chrono::seconds(1767323045)};

const char* const kFullSpec = R"({
  "displayName": "Invoice exporter", "clientId": "exporter", "type": "Web",
  "grantTypes": ["authorization_code"], "redirectUris": ["https://a.test/cb"],
  "postLogoutRedirectUris": ["https://a.test/bye"], "allowedCorsOrigins": ["https://a.test"],
  "requireConsent": false, "scopes": ["read"], "audiences": ["https://api.test"],
  "tokenEndpointAuthMethod": "private_key_jwt", "jwksUri": "https://a.test/jwks", "jwks": {"keys": []},
  "tokenLifetimes": {"accessToken": "10m", "refreshToken": "1w", "idToken": "90s"},
  "contacts": ["ops@a.test"], "clientUri": "https://a.test", "logoUri": "https://a.test/logo",
  "policyUri": "https://a.test/policy", "tosUri": "https://a.test/tos",
  "registryParameters": {"plain": "text", "list": ["a", "b"], "number": 3, "object": {"x": 1}},
  "registryRef": {"kind": "ClientRegistry", "name": "own"},
  "secret": {"name": "creds", "type": "Opaque", "keys": {"client-id": "ID"}, "labels": {"l": "1"},
             "annotations": {"a": "2"}},
  "deletionPolicy": "Retain"
})";

TEST(ApiClientSpec, SmallestObjectHasTheDefaults) {
  const ApiClient client = an_api_client().object();
  EXPECT_EQ(client.spec.display_name, "Invoice exporter");
  EXPECT_EQ(client.spec.type, "Machine");
  EXPECT_FALSE(client.spec.grant_types);
  EXPECT_FALSE(client.spec.scopes);
  EXPECT_FALSE(client.spec.deletion_policy);
  EXPECT_FALSE(client.spec.registry_ref);
  EXPECT_EQ(client.spec.secret.type, "servicebinding.io/oauth2");
  EXPECT_EQ(client.secret_name(), "invoices");
  EXPECT_EQ(client.status.observed_generation, -1);
  EXPECT_FALSE(client.status.issued());
}

TEST(ApiClientSpec, OAuthMembersAreRead) {
  const ApiClientSpec spec = an_api_client().with_spec(Json::parse(kFullSpec)).object().spec;
  EXPECT_EQ(spec.client_id, "exporter");
  EXPECT_EQ(spec.type, "Web");
  EXPECT_THAT(*spec.grant_types, ElementsAre("authorization_code"));
  EXPECT_THAT(spec.redirect_uris, ElementsAre("https://a.test/cb"));
  EXPECT_THAT(spec.post_logout_redirect_uris, ElementsAre("https://a.test/bye"));
  EXPECT_THAT(spec.allowed_cors_origins, ElementsAre("https://a.test"));
  EXPECT_EQ(spec.require_consent, false);
  EXPECT_THAT(*spec.scopes, ElementsAre("read"));
  EXPECT_THAT(spec.audiences, ElementsAre("https://api.test"));
  EXPECT_EQ(spec.token_endpoint_auth_method, "private_key_jwt");
  EXPECT_EQ(spec.jwks_uri, "https://a.test/jwks");
  EXPECT_EQ(spec.jwks, R"({"keys":[]})");
  EXPECT_EQ(spec.token_lifetimes.access_token, std::chrono::minutes(10));
  EXPECT_EQ(spec.token_lifetimes.refresh_token, std::chrono::weeks(1));
  EXPECT_EQ(spec.token_lifetimes.id_token, std::chrono::seconds(90));
}

TEST(ApiClientSpec, DescribingAndOwnMembersAreRead) {
  const ApiClient client = an_api_client().with_spec(Json::parse(kFullSpec)).object();
  const ApiClientSpec& spec = client.spec;
  EXPECT_THAT(spec.contacts, ElementsAre("ops@a.test"));
  EXPECT_EQ(spec.client_uri, "https://a.test");
  EXPECT_EQ(spec.logo_uri, "https://a.test/logo");
  EXPECT_EQ(spec.policy_uri, "https://a.test/policy");
  EXPECT_EQ(spec.tos_uri, "https://a.test/tos");
  EXPECT_EQ(spec.registry_ref, (RegistryRef{"ClientRegistry", "own"}));
  EXPECT_EQ(client.secret_name(), "creds");
  EXPECT_EQ(spec.secret.type, "Opaque");
  EXPECT_EQ(spec.secret.keys.at("client-id"), "ID");
  EXPECT_EQ(spec.secret.labels.at("l"), "1");
  EXPECT_EQ(spec.secret.annotations.at("a"), "2");
  EXPECT_EQ(spec.deletion_policy, DeletionPolicy::retain);
}

TEST(ApiClientSpec, RegistryParametersKeepTheirTextAndTheValuesToCompare) {
  const auto parameters = an_api_client().with_spec(Json::parse(kFullSpec)).object().spec.registry_parameters;
  EXPECT_EQ(parameters.at("plain").text, "text");
  EXPECT_THAT(parameters.at("plain").values, ElementsAre("text"));
  EXPECT_EQ(parameters.at("list").text, R"(["a","b"])");
  EXPECT_THAT(parameters.at("list").values, ElementsAre("a", "b"));
  EXPECT_EQ(parameters.at("number").text, "3");
  EXPECT_THAT(parameters.at("number").values, ElementsAre("3"));
  EXPECT_EQ(parameters.at("object").text, R"({"x":1})");
  EXPECT_THAT(parameters.at("object").values, ElementsAre(R"({"x":1})"));
}

TEST(ApiClientSpec, UnknownMembersAreIgnored) {
  Json json = an_api_client().json();
  json["spec"]["fromTheFuture"] = {{"a", 1}};
  json["status"] = {{"alsoFromTheFuture", true}};
  json["metadata"]["managedFields"] = Json::array({{{"manager", "kubectl"}}});
  EXPECT_THAT(read_api_client(json), test::is_ok());
}

TEST(ApiClientSpec, EveryWrongTypeIsListedWithItsPath) {
  Json json = an_api_client().json();
  json["spec"] = {{"displayName", 7},
                  {"grantTypes", "client_credentials"},
                  {"scopes", {"read", 5}},
                  {"requireConsent", "yes"},
                  {"tokenLifetimes", {{"accessToken", "soon"}}},
                  {"secret", {{"labels", {{"l", true}}}}},
                  {"deletionPolicy", "delete"}};
  json["status"] = {{"observedGeneration", "one"}};
  const auto text =
      AllOf(AllOf(HasSubstr("spec.displayName"), HasSubstr("spec.grantTypes"), HasSubstr("spec.scopes[1]"),
                  HasSubstr("spec.requireConsent")),
            AllOf(HasSubstr("spec.tokenLifetimes.accessToken"), HasSubstr("spec.secret.labels.l"),
                  HasSubstr("spec.deletionPolicy"), HasSubstr("status.observedGeneration")));
  EXPECT_THAT(read_api_client(json), test::has_error_text(ErrorKind::invalid, text));
}

TEST(ApiClientSpec, DisplayNameIsRequired) {
  Json json = an_api_client().json();
  json["spec"].erase("displayName");
  EXPECT_THAT(read_api_client(json),
              test::has_error_text(ErrorKind::invalid, HasSubstr("spec.displayName: is required")));
}

TEST(ApiClientSpecTest, AdoptionIsReadAndKeepsTheClientByDefault) {
  const ApiClientSpec bare = an_api_client().with_spec({{"adopt", {{"clientId", "x"}}}}).object().spec;
  EXPECT_EQ(bare.adopt->client_id, "x");
  EXPECT_EQ(bare.adopt->secret_name, "");
  EXPECT_EQ(bare.effective_deletion_policy(), DeletionPolicy::retain);
  const Json full{{"adopt", {{"clientId", "x"}, {"secretRef", {{"name", "s"}}}}},
                  {"deletionPolicy", "Delete"}};
  const ApiClientSpec spec = an_api_client().with_spec(full).object().spec;
  EXPECT_EQ(spec.adopt->secret_name, "s");
  EXPECT_EQ(spec.adopt->secret_key, "client-secret");
  EXPECT_EQ(spec.effective_deletion_policy(), DeletionPolicy::remove);
  EXPECT_EQ(an_api_client().object().spec.effective_deletion_policy(), DeletionPolicy::remove);
}

// Status

ApiClientStatus full_status() {
  ApiClientStatus status{.observed_generation = 4, .client_id = "id", .binding_name = "creds"};
  status.conditions = {{.type = "Ready",
                        .status = kube::ConditionStatus::unknown,
                        .reason = "Why",
                        .message = "because",
                        .observed_generation = 4,
                        .last_transition_time = kTime}};
  status.registry = RegistryStatus{"ClusterClientRegistry", "default", "https://issuer.test"};
  status.credential =
      CredentialStatus{.revision = 3, .id = "c3", .hint = "wxyz", .issued_at = kTime, .last_used_at = kTime};
  status.previous =
      PreviousStatus{.revision = 2, .id = "c2", .hint = "abcd", .retire_at = kTime, .last_used_at = kTime};
  status.rotation = {.strategy = "Overlap",
                     .last_time = kTime,
                     .last_reason = "Requested",
                     .last_handled_token = "one:now",
                     .handled_ids = {"zero", "one"},
                     .next_time = kTime,
                     .in_progress = InProgress{.operation_id = "op",
                                               .kind = "Issue",
                                               .revision = 3,
                                               .token = "two",
                                               .client_id = "id",
                                               .registry = *status.registry},
                     .refused_token = "bad token",
                     .refused_reason = "Malformed"};
  status.last_handled_reconcile = "now";
  status.failure_count = 2;
  status.failure_time = kTime;
  status.effective = EffectiveSpec{.client_id = "id",
                                   .type = "Web",
                                   .grant_types = {"authorization_code"},
                                   .scopes = {"read"},
                                   .audiences = {"https://api.test"},
                                   .token_endpoint_auth_method = "client_secret_basic",
                                   .require_consent = true,
                                   .secret_name = "creds",
                                   .secret_type = "Opaque",
                                   .deletion_policy = "Delete",
                                   .registry = {"ClusterClientRegistry", "default"}};
  return status;
}

struct StatusRow {
  std::string name;
  ApiClientStatus status;
};
class StatusRoundTrip : public ::testing::TestWithParam<StatusRow> {};

TEST_P(StatusRoundTrip, WrittenReadAndWrittenAgainIsTheSame) {
  const Json written = write_status(GetParam().status);
  const ApiClient read = an_api_client().with_status(GetParam().status).object();
  EXPECT_EQ(write_status(read.status), written);
}

TEST(ApiClientStatus, HasTheMembersOfTheSchema) {
  const Json written = write_status(full_status());
  EXPECT_EQ(written["binding"]["name"], "creds");
  EXPECT_EQ(written["credential"]["issuedAt"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(written["previous"]["lastUsedAt"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(written["rotation"]["nextTime"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(written["rotation"]["inProgress"]["registry"]["issuer"], "https://issuer.test");
  EXPECT_EQ(written["rotation"]["refused"], (Json{{"token", "bad token"}, {"reason", "Malformed"}}));
  EXPECT_EQ(written["failure"], (Json{{"count", 2}, {"lastTime", "2026-01-02T03:04:05Z"}}));
  EXPECT_EQ(written["effective"]["requireConsent"], true);
  EXPECT_EQ(written["effective"]["grantTypes"], Json::array({"authorization_code"}));
}

TEST(ApiClientStatus, LeavesOutWhatThereIsNot) {
  EXPECT_EQ(write_status(ApiClientStatus{}),
            (Json{{"observedGeneration", -1}, {"conditions", Json::array()}}));
}

ApiClientStatus changed(const std::function<void(ApiClientStatus&)>& change) {
  ApiClientStatus status = full_status();
  change(status);
  return status;
}

INSTANTIATE_TEST_SUITE_P(
    Statuses, StatusRoundTrip,
    ::testing::Values(StatusRow{"Empty", {}}, StatusRow{"Full", full_status()},
                      StatusRow{"PublicClient", changed([](ApiClientStatus& status) {
                                  status.credential.reset();
                                  status.previous.reset();
                                  status.rotation = {};
                                })},
                      StatusRow{"MachineWithoutConsent", changed([](ApiClientStatus& status) {
                                  status.effective->require_consent.reset();
                                })},
                      StatusRow{"NoFailure", changed([](ApiClientStatus& status) {
                                  status.failure_count = 0;
                                  status.failure_time.reset();
                                })},
                      StatusRow{"PreviousWithoutEnd", changed([](ApiClientStatus& status) {
                                  status.previous->retire_at.reset();
                                })}),
    test::RowName());

TEST(ApiClientStatus, IsIssuedBySecretOrByBinding) {
  ApiClientStatus status;
  EXPECT_FALSE(status.issued());
  status.binding_name = "creds";
  EXPECT_TRUE(status.issued());
  status.binding_name.clear();
  status.credential = CredentialStatus{};
  EXPECT_TRUE(status.issued());
}

}  // namespace
}  // namespace apiclient::api
