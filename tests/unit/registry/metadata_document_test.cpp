#include "registry/metadata_document.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "json/json.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry {
namespace {

struct Row {
  std::string name;
  std::string issuer;
  bool accepted;
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.issuer; }
};

class Issuer : public ::testing::TestWithParam<Row> {};

TEST_P(Issuer, IsJudged) { EXPECT_EQ(check_issuer(GetParam().issuer).has_value(), GetParam().accepted); }

INSTANTIATE_TEST_SUITE_P(Rows, Issuer,
                         ::testing::Values(Row{"Https", "https://issuer.example.com", true},
                                           Row{"Http", "http://127.0.0.1:9080", true},
                                           Row{"WithPath", "https://example.com/tenant", true},
                                           Row{"SlashAtTheEnd", "https://example.com/", false},
                                           Row{"Query", "https://example.com?x", false},
                                           Row{"Fragment", "https://example.com#x", false},
                                           Row{"OtherScheme", "ftp://example.com", false},
                                           Row{"Empty", "", false}, Row{"NoScheme", "example.com", false}),
                         test::RowName());

TEST(MetadataDocument, SaysWhatTheServerCanDo) {
  const Json methods{"client_secret_basic", "client_secret_post", "private_key_jwt"};
  const Json algorithms{"ES256", "RS256", "PS256"};
  EXPECT_EQ(Json::parse(authorization_server_metadata("https://example.com/tenant")),
            Json({{"issuer", "https://example.com/tenant"},
                  {"token_endpoint", "https://example.com/tenant/oauth2/token"},
                  {"token_endpoint_auth_methods_supported", methods},
                  {"token_endpoint_auth_signing_alg_values_supported", algorithms},
                  {"introspection_endpoint", "https://example.com/tenant/oauth2/introspect"},
                  {"introspection_endpoint_auth_methods_supported", methods},
                  {"introspection_endpoint_auth_signing_alg_values_supported", algorithms},
                  {"revocation_endpoint", "https://example.com/tenant/oauth2/revoke"},
                  {"revocation_endpoint_auth_methods_supported", methods},
                  {"revocation_endpoint_auth_signing_alg_values_supported", algorithms},
                  {"jwks_uri", "https://example.com/tenant/.well-known/jwks.json"},
                  {"response_types_supported", Json::array()},
                  {"grant_types_supported", Json::array({"client_credentials"})}}));
}

TEST(MetadataDocument, PathOfTheIssuerIsFound) {
  EXPECT_EQ(issuer_path("https://example.com"), "");
  EXPECT_EQ(issuer_path("https://example.com:8443/a/b"), "/a/b");
}

}  // namespace
}  // namespace apiclient::registry
