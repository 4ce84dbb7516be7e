#include "registry/client_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "unit/registry/row_name.h"
#include "unit/registry/store_world.h"

namespace apiclient::registry::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using namespace std::chrono_literals;

std::vector<std::string> mistakes_in(const ClientMetadata& metadata) {
  json::Problems problems;
  check_client(metadata, problems);
  return problems.all();
}

struct UriRow {
  std::string name;
  std::string uri;
  bool accepted;
  friend void PrintTo(const UriRow& row, std::ostream* stream) { *stream << row.uri; }
};

class RedirectUri : public ::testing::TestWithParam<UriRow> {};

TEST_P(RedirectUri, IsJudged) {
  ClientMetadata client = a_public_client("a");
  client.redirect_uris = {GetParam().uri};
  if (GetParam().accepted)
    EXPECT_THAT(mistakes_in(client), IsEmpty());
  else
    EXPECT_THAT(mistakes_in(client), ElementsAre(StartsWith("redirect_uris[0]: must be an absolute URI")));
}

INSTANTIATE_TEST_SUITE_P(
    Uris, RedirectUri,
    ::testing::Values(UriRow{"Https", "https://app.example.com/callback?x=1", true},
                      UriRow{"HttpOnLoopback", "http://127.0.0.1:8080/callback", true},
                      UriRow{"HttpOnIpv6Loopback", "http://[::1]:8080/callback", true},
                      UriRow{"HttpOnLocalhost", "http://localhost/callback", true},
                      UriRow{"HttpElsewhere", "http://app.example.com/callback", false},
                      UriRow{"LoopbackLookalike", "http://127.0.0.1.example.com/", false},
                      UriRow{"PrivateUse", "com.example.app:/callback", true},
                      UriRow{"PrivateUseWithoutDot", "myapp:/callback", false},
                      UriRow{"PrivateUseWithoutPath", "com.example.app:callback", false},
                      UriRow{"Script", "javascript:alert(1)", false},
                      UriRow{"Fragment", "https://app.example.com/#x", false},
                      UriRow{"Wildcard", "https://*.example.com/", false},
                      UriRow{"UserInfo", "https://me@app.example.com/", false},
                      UriRow{"Relative", "/callback", false},
                      UriRow{"Space", "https://a.example.com/ b", false}, UriRow{"Empty", "", false}),
    test::RowName());

struct RuleRow {
  std::string name;
  std::function<void(ClientMetadata&)> change;
  std::string expected;  ///< beginning of the only mistake; empty: none
  friend void PrintTo(const RuleRow& row, std::ostream* stream) { *stream << row.name; }
};

class MachineRule : public ::testing::TestWithParam<RuleRow> {};

TEST_P(MachineRule, IsJudged) {
  ClientMetadata client = a_machine("acme_team-a_invoices");
  GetParam().change(client);
  if (GetParam().expected.empty())
    EXPECT_THAT(mistakes_in(client), IsEmpty());
  else
    EXPECT_THAT(mistakes_in(client), ElementsAre(StartsWith(GetParam().expected)));
}

using Client = ClientMetadata;

INSTANTIATE_TEST_SUITE_P(
    Rules, MachineRule,
    ::testing::Values(
        RuleRow{"Plain", [](Client&) {}, ""},
        RuleRow{"IdWithColon", [](Client& c) { c.client_id = "a:b.c~d"; }, ""},
        RuleRow{"IdWithSlash", [](Client& c) { c.client_id = "a/b"; }, "client_id:"},
        RuleRow{"IdWithPlus", [](Client& c) { c.client_id = "a+b"; }, "client_id:"},
        RuleRow{"IdBeginsWithDot", [](Client& c) { c.client_id = ".."; }, "client_id:"},
        RuleRow{"LongId", [](Client& c) { c.client_id = std::string(201, 'a'); }, "client_id:"},
        RuleRow{"NameWithNewline", [](Client& c) { c.client_name = "a\nb"; }, "client_name:"},
        RuleRow{"NoName", [](Client& c) { c.client_name = ""; }, "client_name:"},
        RuleRow{"NoGrant", [](Client& c) { c.grant_types = {}; }, "grant_types: needs"},
        RuleRow{"UnknownGrant", [](Client& c) { c.grant_types = {"password"}; }, "grant_types[0]: must be"},
        RuleRow{"GrantTwice",
                [](Client& c) {
                  c.grant_types = {"client_credentials", "client_credentials"};
                },
                "grant_types[1]: is there twice"},
        RuleRow{"CodeWithoutRedirect", [](Client& c) { c.grant_types = {"authorization_code"}; },
                "redirect_uris: authorization_code"},
        RuleRow{"ScopeWithQuote", [](Client& c) { c.scopes = {"a\"b"}; }, "scope[0]:"},
        RuleRow{"OriginWithPath", [](Client& c) { c.allowed_cors_origins = {"https://a.example.com/x"}; },
                "allowed_cors_origins[0]:"},
        RuleRow{"Origin", [](Client& c) { c.allowed_cors_origins = {"https://a.example.com:8443"}; }, ""},
        RuleRow{"NoLifetime", [](Client& c) { c.access_token_lifetime = 0s; },
                "access_token_lifetime_seconds:"},
        RuleRow{"EndlessLifetime", [](Client& c) { c.access_token_lifetime = 24h * 366 * 11; },
                "access_token_lifetime_seconds:"},
        RuleRow{"LogoIsNoUri", [](Client& c) { c.logo_uri = "logo"; }, "logo_uri:"},
        RuleRow{"NoneIsForPublicClients", [](Client& c) { c.token_endpoint_auth_method = AuthMethod::none; },
                "token_endpoint_auth_method: is none for public"},
        RuleRow{"KeysMissing", [](Client& c) { c.token_endpoint_auth_method = AuthMethod::private_key_jwt; },
                "jwks: private_key_jwt needs"},
        RuleRow{"KeysGiven",
                [](Client& c) {
                  c.token_endpoint_auth_method = AuthMethod::private_key_jwt;
                  c.jwks = R"({"keys":[]})";
                },
                ""},
        RuleRow{"KeysByUri",
                [](Client& c) {
                  c.token_endpoint_auth_method = AuthMethod::private_key_jwt;
                  c.jwks_uri = "https://a.example.com/jwks";
                },
                ""},
        RuleRow{"KeysTwice",
                [](Client& c) {
                  c.token_endpoint_auth_method = AuthMethod::private_key_jwt;
                  c.jwks = R"({"keys":[]})";
                  c.jwks_uri = "https://a.example.com/jwks";
                },
                "jwks: private_key_jwt needs"}),
    test::RowName());

TEST(ClientRules, PublicClientCannotUseClientCredentials) {
  ClientMetadata client = a_public_client("a");
  client.grant_types.emplace_back("client_credentials");
  EXPECT_THAT(mistakes_in(client), ElementsAre(StartsWith("grant_types: a public client")));
}

TEST(ClientRules, SecretValueHasAtLeast256Bits) {
  EXPECT_TRUE(is_secret_value(std::string(43, '_')));
  EXPECT_FALSE(is_secret_value(std::string(42, 'a')));
  EXPECT_FALSE(is_secret_value(std::string(43, '=')));
}

}  // namespace
}  // namespace apiclient::registry::test
