#include "api/client_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::api {
namespace {

using test::a_registry;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const WallTime kTime{std::chrono::seconds(1767323045)};

TEST(ClientRegistrySpec, SmallestHasTheDefaults) {
  const ClientRegistry registry = a_registry().object();
  EXPECT_EQ(registry.key, (kube::ObjectKey{"", "default"}));
  EXPECT_EQ(registry.resource_version, "3");
  EXPECT_TRUE(registry.is_default());
  EXPECT_EQ(registry.spec.backend, "embedded");
  EXPECT_EQ(registry.spec.admin_url, "http://registry.test:9081");
  EXPECT_EQ(registry.spec.bearer->name, "registry-admin");
  EXPECT_EQ(registry.spec.scope_separator, " ");
  EXPECT_TRUE(registry.spec.verify_credentials);
  EXPECT_EQ(registry.spec.degraded_after, std::chrono::hours(1));
  EXPECT_EQ(registry.spec.resync_interval, std::chrono::minutes(10));
  EXPECT_FALSE(registry.spec.allowed_scopes);
  EXPECT_FALSE(registry.spec.allowed_namespaces);
  EXPECT_THAT(registry.spec.unsupported_fields, IsEmpty());
}

TEST(ClientRegistrySpec, EveryMemberIsRead) {
  const Json more{{"tokenUrl", "http://token.test"},
                  {"clientIdTemplate", "{namespace}.{clientId}"},
                  {"tls", {{"caBundle", base64_encode("PEM")}, {"insecureSkipVerify", true}}},
                  {"allowedGrantTypes", {"client_credentials"}},
                  {"allowedScopes", {"read"}},
                  {"allowedAudiences", {"*"}},
                  {"allowedParameters", {{{"name", "a"}}, {{"name", "b"}, {"values", {"1"}}}}},
                  {"defaultScopes", {"base"}},
                  {"scopeSeparator", ","},
                  {"verifyCredentials", false},
                  {"degradedAfter", "2h"},
                  {"resyncInterval", "0s"}};
  const ClientRegistrySpec spec = a_registry().with_spec(more).object().spec;
  EXPECT_EQ(spec.token_url, "http://token.test");
  EXPECT_EQ(spec.client_id_template, "{namespace}.{clientId}");
  EXPECT_EQ(spec.tls.ca_bundle, "PEM");
  EXPECT_TRUE(spec.tls.insecure_skip_verify);
  EXPECT_THAT(*spec.allowed_grant_types, ElementsAre("client_credentials"));
  EXPECT_THAT(*spec.allowed_scopes, ElementsAre("read"));
  EXPECT_THAT(*spec.allowed_audiences, ElementsAre("*"));
  ASSERT_EQ(spec.allowed_parameters.size(), 2U);
  EXPECT_FALSE(spec.allowed_parameters[0].values);
  EXPECT_THAT(*spec.allowed_parameters[1].values, ElementsAre("1"));
  EXPECT_THAT(spec.default_scopes, ElementsAre("base"));
  EXPECT_EQ(spec.scope_separator, ",");
  EXPECT_FALSE(spec.verify_credentials);
  EXPECT_EQ(spec.degraded_after, std::chrono::hours(2));
  EXPECT_EQ(spec.resync_interval, std::chrono::seconds(0));
}

TEST(ClientRegistrySpec, EveryWayToLogInIsRead) {
  const Json basic{{"secretRef", {{"name", "b"}, {"usernameKey", "u"}, {"passwordKey", "p"}}}};
  const Json client{{"secretRef", {{"name", "c"}, {"clientIdKey", "i"}, {"clientSecretKey", "s"}}},
                    {"tokenUrl", "http://t"},
                    {"scopes", {"admin"}}};
  const Json initial{{"secretRef", {{"name", "a"}, {"key", "k"}}}};
  const ClientRegistrySpec spec = a_registry()
                                      .with_spec({{"auth",
                                                   {{"bearer", nullptr},
                                                    {"basic", basic},
                                                    {"clientCredentials", client},
                                                    {"initialAccessToken", initial}}}})
                                      .object()
                                      .spec;
  EXPECT_FALSE(spec.bearer);
  EXPECT_EQ(spec.basic->name + spec.basic->username_key + spec.basic->password_key, "bup");
  EXPECT_EQ(spec.client_credentials->name, "c");
  EXPECT_EQ(spec.client_credentials->client_id_key, "i");
  EXPECT_EQ(spec.client_credentials->client_secret_key, "s");
  EXPECT_EQ(spec.client_credentials->token_url, "http://t");
  EXPECT_THAT(spec.client_credentials->scopes, ElementsAre("admin"));
  EXPECT_EQ(spec.initial_access_token->name + spec.initial_access_token->key, "ak");
}

TEST(ClientRegistrySpec, DynamicRegistrationBringsItsIssuerOrItsEndpoint) {
  const auto spec_of = [](const Json& member, const Json& issuer) {
    return a_registry()
        .with_spec({{"embedded", nullptr}, {"dynamicRegistration", member}, {"issuer", issuer}})
        .object()
        .spec;
  };
  const ClientRegistrySpec by_issuer = spec_of({{"issuer", "https://id.example"}}, nullptr);
  EXPECT_EQ(by_issuer.backend, "dynamicRegistration");
  EXPECT_EQ(by_issuer.issuer, "https://id.example");
  EXPECT_EQ(by_issuer.registration_endpoint, "");
  const ClientRegistrySpec by_endpoint =
      spec_of({{"registrationEndpoint", "https://id.example/reg"}}, "https://id.example");
  EXPECT_EQ(by_endpoint.issuer, "https://id.example");
  EXPECT_EQ(by_endpoint.registration_endpoint, "https://id.example/reg");
}

TEST(ClientRegistrySpec, KeycloakBringsItsAdminUrlAndItsIssuer) {
  const auto spec_of = [](const Json& issuer) {
    return a_registry()
        .with_spec({{"embedded", nullptr},
                    {"keycloak", {{"url", "https://k.example/auth"}, {"realm", "acme"}}},
                    {"issuer", issuer}})
        .object()
        .spec;
  };
  const ClientRegistrySpec derived = spec_of(nullptr);
  EXPECT_EQ(derived.backend, "keycloak");
  EXPECT_EQ(derived.admin_url, "https://k.example/auth/admin/realms/acme");
  EXPECT_EQ(derived.issuer, "https://k.example/auth/realms/acme");
  EXPECT_EQ(spec_of("https://login.example/realms/acme").issuer, "https://login.example/realms/acme");
}

TEST(ClientRegistrySpec, TlsAndLimitsAreRead) {
  const Json more{{"tls",
                   {{"caSecretRef", {{"name", "ca"}, {"key", "root.pem"}}},
                    {"clientCertificateSecretRef", {{"name", "me"}}},
                    {"serverName", "other"}}},
                  {"rateLimit", {{"requestsPerSecond", 20}, {"burst", 40}, {"maxInFlight", 4}}},
                  {"orphanOnDelete", true}};
  const ClientRegistrySpec spec = a_registry().with_spec(more).object().spec;
  EXPECT_EQ(spec.tls.ca_secret->name, "ca");
  EXPECT_EQ(spec.tls.ca_secret->key, "root.pem");
  EXPECT_EQ(spec.tls.client_certificate_secret, "me");
  EXPECT_EQ(spec.tls.server_name, "other");
  EXPECT_EQ(spec.rate_limit.requests_per_second, 20);
  EXPECT_EQ(spec.rate_limit.burst, 40);
  EXPECT_EQ(spec.rate_limit.max_in_flight, 4);
  EXPECT_TRUE(spec.orphan_on_delete);
  EXPECT_THAT(spec.unsupported_fields, IsEmpty());
}

TEST(ClientRegistrySpec, AllowAdoptionIsRead) {
  const Json rules = Json::array({{{"namespaces", {"team-a"}}, {"clientIds", {"x", "y"}}},
                                  {{"namespaces", {"b"}}, {"clientIds", {"z"}}, {"withoutSecret", true}}});
  const auto read = a_registry().with_spec({{"allowAdoption", rules}}).object().spec.allow_adoption;
  ASSERT_EQ(read.size(), 2U);
  EXPECT_THAT(read[0].namespaces, ElementsAre("team-a"));
  EXPECT_THAT(read[0].client_ids, ElementsAre("x", "y"));
  EXPECT_FALSE(read[0].without_secret);
  EXPECT_TRUE(read[1].without_secret);
}

TEST(ClientRegistrySpec, EveryMistakeIsListedWithItsPath) {
  const Json wrong{{"degradedAfter", "later"},
                   {"tls", {{"caBundle", "not base64!"}}},
                   {"allowedScopes", "read"},
                   {"allowedNamespaces", {{"matchExpressions", {{{"key", "k"}}}}}}};
  const auto text =
      AllOf(HasSubstr("spec.degradedAfter"), HasSubstr("spec.tls.caBundle"), HasSubstr("spec.allowedScopes"),
            HasSubstr("spec.allowedNamespaces.matchExpressions[0].operator"));
  EXPECT_THAT(read_client_registry(a_registry().with_spec(wrong).json()),
              test::has_error_text(ErrorKind::invalid, text));
}

TEST(ClientRegistrySpec, OnlyTheWordTrueMakesADefault) {
  EXPECT_FALSE(a_registry().not_default().object().is_default());
  Json yes = a_registry().json();
  yes["metadata"]["annotations"]["apiclient.dev/is-default-registry"] = "yes";
  EXPECT_FALSE(read_client_registry(yes).value().is_default());
}

TEST(ClientRegistryStatus, WrittenReadAndWrittenAgainIsTheSame) {
  ClientRegistryStatus status{
      .observed_generation = 2,
      .conditions = {{.type = "Ready", .reason = "Why", .last_transition_time = kTime}},
      .backend = "embedded",
      .server_version = "1.2",
      .endpoints = {"http://t", "http://a", "http://j", "http://u"},
      .capabilities = {{"maxSecrets", 3}},
      .failure_count = 4,
      .failure_time = kTime,
      .next_retry_time = kTime,
      .accepted_state_loss = {.token = "yes", .time = kTime, .restored_time = kTime}};
  const Json written = write_status(status);
  EXPECT_EQ(write_status(a_registry().with_status(status).object().status), written);
  EXPECT_EQ(written["nextRetryTime"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(written["failure"]["count"], 4);
  EXPECT_EQ(written["acceptedStateLoss"]["token"], "yes");
  EXPECT_EQ(written["endpoints"]["jwksUrl"], "http://j");
}

TEST(ClientRegistryStatus, LeavesOutWhatThereIsNot) {
  EXPECT_EQ(write_status(ClientRegistryStatus{}),
            (Json{{"observedGeneration", -1}, {"conditions", Json::array()}}));
}

// LabelSelector (metav1.LabelSelector)

struct SelectorRow {
  std::string name;
  const char* selector;
  bool matches;
};
class Selectors : public ::testing::TestWithParam<SelectorRow> {};

/// Against the labels tier=gold, team=a.
TEST_P(Selectors, Match) {
  const auto registry =
      a_registry().with_spec({{"allowedNamespaces", Json::parse(GetParam().selector)}}).object();
  EXPECT_EQ(registry.spec.allowed_namespaces->matches({{"tier", "gold"}, {"team", "a"}}), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Selectors,
    ::testing::Values(
        SelectorRow{"EmptyMatchesAll", "{}", true},
        SelectorRow{"LabelThere", R"({"matchLabels": {"tier": "gold"}})", true},
        SelectorRow{"LabelOther", R"({"matchLabels": {"tier": "iron"}})", false},
        SelectorRow{"LabelMissing", R"({"matchLabels": {"zone": "x"}})", false},
        SelectorRow{"AllLabelsMustMatch", R"({"matchLabels": {"tier": "gold", "team": "b"}})", false},
        SelectorRow{
            "In", R"({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["iron", "gold"]}]})",
            true},
        SelectorRow{"InOther",
                    R"({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["iron"]}]})",
                    false},
        SelectorRow{"InOfMissing",
                    R"({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["x"]}]})", false},
        SelectorRow{"NotIn",
                    R"({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["iron"]}]})",
                    true},
        SelectorRow{"NotInListed",
                    R"({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]})",
                    false},
        SelectorRow{"NotInOfMissing",
                    R"({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["x"]}]})", true},
        SelectorRow{"Exists", R"({"matchExpressions": [{"key": "tier", "operator": "Exists"}]})", true},
        SelectorRow{"ExistsMissing", R"({"matchExpressions": [{"key": "zone", "operator": "Exists"}]})",
                    false},
        SelectorRow{"DoesNotExist", R"({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]})",
                    true},
        SelectorRow{"DoesNotExistThere",
                    R"({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]})", false},
        SelectorRow{
            "LabelsAndExpressions",
            R"({"matchLabels": {"tier": "gold"}, "matchExpressions": [{"key": "zone", "operator": "Exists"}]})",
            false}),
    test::RowName());

// Client ids

struct TemplateRow {
  std::string name;
  std::string tenant;
  std::string pattern;
  std::string id;
};
class ClientIds : public ::testing::TestWithParam<TemplateRow> {};

TEST_P(ClientIds, AreRendered) {
  ClientRegistrySpec registry;
  registry.tenant = GetParam().tenant;
  registry.client_id_template = GetParam().pattern;
  EXPECT_EQ(render_client_id(registry, "team-a", "invoices"), GetParam().id);
}

INSTANTIATE_TEST_SUITE_P(Table, ClientIds,
                         ::testing::Values(TemplateRow{"WithTenant", "acme", "", "acme_team-a_invoices"},
                                           TemplateRow{"WithoutTenant", "", "", "team-a_invoices"},
                                           TemplateRow{"OwnTemplate", "acme", "{clientId}.{namespace}:x",
                                                       "invoices.team-a:x"},
                                           TemplateRow{"Twice", "acme", "{namespace}:{namespace}:{clientId}",
                                                       "team-a:team-a:invoices"},
                                           TemplateRow{"UnknownPlaceholderStays", "acme",
                                                       "{other}_{clientId}", "{other}_invoices"}),
                         test::RowName());

}  // namespace
}  // namespace apiclient::api
