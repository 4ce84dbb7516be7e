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
  EXPECT_EQ(Json::parse(authorization_server_metadata("https://example.com/tenant")),
            Json({{"issuer", "https://example.com/tenant"},
                  {"token_endpoint", "https://example.com/tenant/oauth2/token"},
                  {"jwks_uri", "https://example.com/tenant/.well-known/jwks.json"},
                  {"response_types_supported", Json::array()},
                  {"grant_types_supported", Json::array({"client_credentials"})},
                  {"token_endpoint_auth_methods_supported", {"client_secret_basic", "client_secret_post"}}}));
}

TEST(MetadataDocument, PathOfTheIssuerIsFound) {
  EXPECT_EQ(issuer_path("https://example.com"), "");
  EXPECT_EQ(issuer_path("https://example.com:8443/a/b"), "/a/b");
}

}  // namespace
}  // namespace apiclient::registry
