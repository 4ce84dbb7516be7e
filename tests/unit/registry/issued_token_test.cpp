#include "registry/issued_token.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "registry/token_signer.h"
#include "unit/registry/client_key.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry::test {
namespace {

constexpr const char* kServer = "https://issuer.example.com";
constexpr std::int64_t kNow = 1'000'000;

const TokenSigner& signer() {
  static const auto instance = TokenSigner::make(make_signing_key().value()).value();
  return *instance;
}

std::optional<IssuedToken> read(const std::string& token) {
  return read_issued_token(token, signer().key_set(), kServer, WallTime(std::chrono::seconds(kNow)));
}

struct Row {
  std::string name;
  Json changed;
  bool ours;
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

class ReadIssuedToken : public ::testing::TestWithParam<Row> {};

TEST_P(ReadIssuedToken, WantsOurClaims) {
  Json claims{{"iss", kServer}, {"client_id", "a"}, {"iat", kNow - 60}, {"exp", kNow + 60}, {"jti", "t-1"}};
  claims.merge_patch(GetParam().changed);
  EXPECT_EQ(read(signer().sign(claims).value()).has_value(), GetParam().ours);
}

INSTANTIATE_TEST_SUITE_P(Rows, ReadIssuedToken,
                         ::testing::Values(Row{"Ours", Json::object(), true},
                                           Row{"OtherIssuer", {{"iss", "https://other.example.com"}}, false},
                                           Row{"LastSecond", {{"exp", kNow + 1}}, true},
                                           Row{"Expired", {{"exp", kNow}}, false},
                                           Row{"NoExpiry", {{"exp", nullptr}}, false},
                                           Row{"NoId", {{"jti", nullptr}}, false},
                                           Row{"NoClient", {{"client_id", nullptr}}, false}),
                         test::RowName());

TEST(IssuedToken, SaysWhoseItIs) {
  const auto token = read(
      signer()
          .sign(
              {{"iss", kServer}, {"client_id", "a"}, {"iat", kNow - 60}, {"exp", kNow + 60}, {"jti", "t-1"}})
          .value());
  ASSERT_TRUE(token);
  EXPECT_EQ(token->token_id, "t-1");
  EXPECT_EQ(token->client_id, "a");
  EXPECT_EQ(token->issued_at, WallTime(std::chrono::seconds(kNow - 60)));
  EXPECT_EQ(token->expires_at, WallTime(std::chrono::seconds(kNow + 60)));
  EXPECT_EQ(Json::parse(token->claims).at("iss"), kServer);
}

TEST(IssuedToken, OthersSignaturesAndKindsAreNotOurs) {
  const Json claims{
      {"iss", kServer}, {"client_id", "a"}, {"iat", kNow - 60}, {"exp", kNow + 60}, {"jti", "t-1"}};
  const auto other = TokenSigner::make(make_signing_key().value()).value();
  EXPECT_FALSE(read(other->sign(claims).value()));
  EXPECT_FALSE(read(ClientKey::p256().sign({{"alg", "ES256"}, {"typ", "at+jwt"}}, claims)));
  EXPECT_FALSE(read("junk"));
  const auto key = ClientKey::p256();
  const auto read_with_key = [&](const Json& header) {
    return read_issued_token(key.sign(header, claims), key_set_of({key.jwk()}), kServer,
                             WallTime(std::chrono::seconds(kNow)));
  };
  EXPECT_TRUE(read_with_key({{"alg", "ES256"}, {"typ", "at+jwt"}}));
  EXPECT_FALSE(read_with_key({{"alg", "ES256"}, {"typ", "JWT"}})) << "not an access token (RFC 9068 §4)";
}

}  // namespace
}  // namespace apiclient::registry::test
