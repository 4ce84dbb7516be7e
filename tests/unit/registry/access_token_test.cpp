#include "registry/access_token.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/registry/row_name.h"

namespace apiclient::registry {
namespace {

ClientMetadata client_with(std::vector<std::string> scopes, std::vector<std::string> audience = {}) {
  ClientMetadata client;
  client.client_id = "a";
  client.scopes = std::move(scopes);
  client.audience = std::move(audience);
  return client;
}

struct ScopeRow {
  std::string name;
  std::optional<std::string_view> requested;
  std::optional<std::string> granted;
  friend void PrintTo(const ScopeRow& row, std::ostream* stream) { *stream << row.name; }
};

class GrantedScope : public ::testing::TestWithParam<ScopeRow> {};

TEST_P(GrantedScope, IsASubset) {
  EXPECT_EQ(granted_scope(client_with({"read", "write"}), GetParam().requested), GetParam().granted);
}

INSTANTIATE_TEST_SUITE_P(Requests, GrantedScope,
                         ::testing::Values(ScopeRow{"NoneAskedGivesAll", std::nullopt, "read write"},
                                           ScopeRow{"One", "write", "write"},
                                           ScopeRow{"AllInTheirOrder", "write read", "write read"},
                                           ScopeRow{"Repeated", "read read", "read"},
                                           ScopeRow{"Unknown", "admin", std::nullopt},
                                           ScopeRow{"OneOfTwoUnknown", "read admin", std::nullopt},
                                           ScopeRow{"CaseMatters", "Read", std::nullopt}),
                         test::RowName());

Json claims_for(const ClientMetadata& client, const std::string& scope = "",
                std::vector<std::string> audience = {"https://issuer.example.com"}) {
  return access_token_claims(client, {.issuer = "https://issuer.example.com",
                                      .token_id = "t-1",
                                      .issued_at = WallTime(std::chrono::milliseconds(1'000'999)),
                                      .lifetime = std::chrono::seconds(600),
                                      .scope = scope,
                                      .audience = std::move(audience)});
}

TEST(AccessTokenClaims, AreThoseOfRfc9068) {
  EXPECT_EQ(claims_for(client_with({}), "read"), Json({{"iss", "https://issuer.example.com"},
                                                       {"sub", "a"},
                                                       {"client_id", "a"},
                                                       {"aud", "https://issuer.example.com"},
                                                       {"iat", 1000},
                                                       {"exp", 1600},
                                                       {"jti", "t-1"},
                                                       {"scope", "read"}}));
}

TEST(AccessTokenClaims, OneAudienceStandsAlone) {
  EXPECT_EQ(claims_for(client_with({}), "", {"orders"})["aud"], "orders");
  EXPECT_EQ(claims_for(client_with({}), "", {"orders", "stock"})["aud"], Json({"orders", "stock"}));
}

struct AudienceRow {
  std::string name;
  std::vector<std::string> clients;
  std::vector<std::string> requested;
  std::optional<std::vector<std::string>> granted;
  friend void PrintTo(const AudienceRow& row, std::ostream* stream) { *stream << row.name; }
};

class GrantedAudience : public ::testing::TestWithParam<AudienceRow> {};

TEST_P(GrantedAudience, IsTheClientsOrTheIssuer) {
  EXPECT_EQ(granted_audience(client_with({}, GetParam().clients), "issuer", GetParam().requested),
            GetParam().granted);
}

using List = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    Requests, GrantedAudience,
    ::testing::Values(
        AudienceRow{"NothingAskedGivesTheClients", {"orders", "stock"}, {}, List{"orders", "stock"}},
        AudienceRow{"NothingAtAllGivesTheIssuer", {}, {}, List{"issuer"}},
        AudienceRow{"One", {"orders", "stock"}, {"stock"}, List{"stock"}},
        AudienceRow{"TwoInTheirOrder", {"orders", "stock"}, {"stock", "orders"}, List{"stock", "orders"}},
        AudienceRow{"Repeated", {"orders"}, {"orders", "orders"}, List{"orders"}},
        AudienceRow{"TheIssuer", {"orders"}, {"issuer"}, List{"issuer"}},
        AudienceRow{"Unknown", {"orders"}, {"bank"}, std::nullopt},
        AudienceRow{"OneOfTwoUnknown", {"orders"}, {"orders", "bank"}, std::nullopt},
        AudienceRow{"AnyForAClientWithoutAudiences", {}, {"orders"}, std::nullopt},
        AudienceRow{"CaseMatters", {"orders"}, {"Orders"}, std::nullopt}),
    test::RowName());

TEST(AccessTokenClaims, EmptyScopeIsLeftOut) { EXPECT_FALSE(claims_for(client_with({})).contains("scope")); }

}  // namespace
}  // namespace apiclient::registry
