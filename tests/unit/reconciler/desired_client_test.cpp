#include "reconciler/desired_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using test::a_registry;
using test::an_api_client;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

DesiredClient desired(const Json& spec, const Json& registry = Json::object()) {
  return std::get<DesiredClient>(
      desired_client(an_api_client().with_spec(spec).object(), a_registry().with_spec(registry).snapshot()));
}

// Defaults by type

struct TypeRow {
  std::string name;
  const char* spec;
  backend::ClientType type;
  std::vector<std::string> grants;
  std::string method;
  bool consent;
  std::optional<bool> shown_consent;
};
class Defaults : public ::testing::TestWithParam<TypeRow> {};

TEST_P(Defaults, FollowTheType) {
  const DesiredClient client = desired(Json::parse(GetParam().spec));
  EXPECT_EQ(client.settings.client_id, "acme_team-a_invoices");
  EXPECT_EQ(client.settings.client_name, "Invoice exporter");
  EXPECT_EQ(client.settings.type, GetParam().type);
  EXPECT_EQ(client.settings.grant_types, GetParam().grants);
  EXPECT_EQ(client.settings.token_endpoint_auth_method, GetParam().method);
  EXPECT_EQ(client.settings.require_consent, GetParam().consent);
  EXPECT_EQ(client.effective.require_consent, GetParam().shown_consent);
}

INSTANTIATE_TEST_SUITE_P(Types, Defaults,
                         ::testing::Values(TypeRow{"Machine",
                                                   "{}",
                                                   backend::ClientType::machine,
                                                   {"client_credentials"},
                                                   "client_secret_basic",
                                                   false,
                                                   std::nullopt},
                                           TypeRow{"Web",
                                                   R"({"type": "Web"})",
                                                   backend::ClientType::web,
                                                   {"authorization_code", "refresh_token"},
                                                   "client_secret_basic",
                                                   true,
                                                   true},
                                           TypeRow{"WebWithoutConsent",
                                                   R"({"type": "Web", "requireConsent": false})",
                                                   backend::ClientType::web,
                                                   {"authorization_code", "refresh_token"},
                                                   "client_secret_basic",
                                                   false,
                                                   false},
                                           TypeRow{"Public",
                                                   R"({"type": "Public"})",
                                                   backend::ClientType::public_client,
                                                   {"authorization_code"},
                                                   "none",
                                                   true,
                                                   true},
                                           TypeRow{"GivenMethod",
                                                   R"({"tokenEndpointAuthMethod": "client_secret_post"})",
                                                   backend::ClientType::machine,
                                                   {"client_credentials"},
                                                   "client_secret_post",
                                                   false,
                                                   std::nullopt}),
                         test::RowName());

TEST(DesiredClient, ListsAreSetsSoThatOrderIsNoChange) {
  const auto client = desired(
      {{"type", "Web"}, {"redirectUris", {"https://b", "https://a", "https://b"}}, {"contacts", {"z", "a"}}});
  EXPECT_THAT(client.settings.redirect_uris, ElementsAre("https://a", "https://b"));
  EXPECT_THAT(client.settings.contacts, ElementsAre("a", "z"));
}

TEST(DesiredClient, ScopesComeFromTheRegistryUnlessGiven) {
  const Json registry{{"defaultScopes", {"base"}}, {"allowedScopes", {"read"}}};
  EXPECT_THAT(desired(Json::object(), registry).settings.scopes, ElementsAre("base"));
  EXPECT_THAT(desired({{"scopes", {"read"}}}, registry).settings.scopes, ElementsAre("read"));
  EXPECT_THAT(desired({{"scopes", Json::array()}}, registry).settings.scopes, IsEmpty());
}

TEST(DesiredClient, LifetimesAreInSeconds) {
  const auto settings = desired({{"tokenLifetimes", {{"accessToken", "10m"}}}}).settings;
  EXPECT_EQ(settings.access_token_lifetime, std::chrono::seconds(600));
  EXPECT_FALSE(settings.refresh_token_lifetime);
}

TEST(DesiredClient, EffectiveShowsWhatTheDefaultsCameTo) {
  const api::EffectiveSpec effective = desired(Json::object(), {{"defaultScopes", {"base"}}}).effective;
  EXPECT_EQ(effective.client_id, "acme_team-a_invoices");
  EXPECT_EQ(effective.type, "Machine");
  EXPECT_THAT(effective.grant_types, ElementsAre("client_credentials"));
  EXPECT_THAT(effective.scopes, ElementsAre("base"));
  EXPECT_EQ(effective.secret_name, "invoices");
  EXPECT_EQ(effective.secret_type, "servicebinding.io/oauth2");
  EXPECT_EQ(effective.deletion_policy, "Delete");
  EXPECT_EQ(effective.registry, (api::RegistryRef{"ClusterClientRegistry", "default"}));
}

TEST(DesiredClient, GivenIdReplacesTheName) {
  EXPECT_EQ(desired({{"clientId", "exporter"}}).settings.client_id, "acme_team-a_exporter");
}

// What a registry allows

struct AllowRow {
  std::string name;
  const char* spec;
  const char* registry;
  std::string reason;        ///< empty: allowed
  std::string message = "";  ///< part of it
};
class AllowLists : public ::testing::TestWithParam<AllowRow> {};

TEST_P(AllowLists, AllowOrRefuse) {
  const auto outcome = desired_client(an_api_client().with_spec(Json::parse(GetParam().spec)).object(),
                                      a_registry().with_spec(Json::parse(GetParam().registry)).snapshot());
  const auto* refusal = std::get_if<Refusal>(&outcome);
  EXPECT_EQ(refusal == nullptr ? "" : refusal->reason, GetParam().reason);
  if (refusal == nullptr) return;
  EXPECT_TRUE(refusal->stalled);
  EXPECT_THAT(refusal->message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, AllowLists,
    ::testing::Values(
        AllowRow{"GrantsWithoutAList", R"({"grantTypes": ["authorization_code", "refresh_token"]})", "{}",
                 ""},
        AllowRow{"ImplicitWithoutAList", R"({"grantTypes": ["implicit"]})", "{}", "GrantTypeNotAllowed",
                 "spec.grantTypes: implicit"},
        AllowRow{"ImplicitListed", R"({"grantTypes": ["implicit"]})",
                 R"({"allowedGrantTypes": ["implicit"]})", ""},
        AllowRow{"GrantNotListed", R"({"grantTypes": ["refresh_token"]})",
                 R"({"allowedGrantTypes": ["client_credentials"]})", "GrantTypeNotAllowed",
                 "spec.allowedGrantTypes there"},
        AllowRow{"DefaultGrantNotListed", "{}", R"({"allowedGrantTypes": ["implicit"]})",
                 "GrantTypeNotAllowed", "client_credentials"},
        AllowRow{"ScopeOfTheDefaults", R"({"scopes": ["base"]})", R"({"defaultScopes": ["base"]})", ""},
        AllowRow{"ScopeWithoutAList", R"({"scopes": ["read"]})", R"({"defaultScopes": ["base"]})",
                 "ScopeNotAllowed", "spec.scopes: read"},
        AllowRow{"ScopeListed", R"({"scopes": ["read"]})", R"({"allowedScopes": ["read"]})", ""},
        AllowRow{"AnyScope", R"({"scopes": ["read"]})", R"({"allowedScopes": ["*"]})", ""},
        AllowRow{"EmptyScopeList", R"({"scopes": ["read"]})", R"({"allowedScopes": []})", "ScopeNotAllowed"},
        AllowRow{"AudienceWithoutAList", R"({"audiences": ["https://a"]})", "{}", "AudienceNotAllowed",
                 "spec.audiences: https://a"},
        AllowRow{"AudienceListed", R"({"audiences": ["https://a"]})",
                 R"({"allowedAudiences": ["https://a"]})", ""},
        AllowRow{"AnyAudience", R"({"audiences": ["https://a"]})", R"({"allowedAudiences": ["*"]})", ""},
        AllowRow{"ParameterWithoutAList", R"({"registryParameters": {"p": "1"}})", "{}",
                 "ParameterNotAllowed", "spec.registryParameters: p is not allowed"},
        AllowRow{"ParameterListed", R"({"registryParameters": {"p": "1"}})",
                 R"({"allowedParameters": [{"name": "p"}]})", ""},
        AllowRow{"ParameterValueListed", R"({"registryParameters": {"p": ["1", "2"]}})",
                 R"({"allowedParameters": [{"name": "p", "values": ["1", "2", "3"]}]})", ""},
        AllowRow{"ParameterValueNotListed", R"({"registryParameters": {"p": ["1", "admin"]}})",
                 R"({"allowedParameters": [{"name": "p", "values": ["1"]}]})", "ParameterNotAllowed",
                 "p with this value"},
        AllowRow{"ParameterObjectIsComparedWithItsNames",
                 R"({"registryParameters": {"p": {"admin": "viewer"}}})",
                 R"({"allowedParameters": [{"name": "p", "values": ["viewer"]}]})", "ParameterNotAllowed"},
        AllowRow{"EmptyListHidesNothing", R"({"registryParameters": {"p": []}})",
                 R"({"allowedParameters": [{"name": "p", "values": ["1"]}]})", ""}),
    test::RowName());

TEST(DesiredClient, ParametersArePassedOnAsText) {
  const Json allowed{{"allowedParameters", {{{"name", "p"}}, {{"name", "q"}}}}};
  const auto settings =
      desired({{"registryParameters", {{"p", "text"}, {"q", {{"a", 1}}}}}}, allowed).settings;
  EXPECT_EQ(settings.parameters.at("p"), "text");
  EXPECT_EQ(settings.parameters.at("q"), R"({"a":1})");
}

}  // namespace
}  // namespace apiclient::reconciler
