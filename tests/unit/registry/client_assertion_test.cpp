#include "registry/client_assertion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "json/json.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'000'000;
constexpr const char* kServer = "https://issuer.example.com";

struct Row {
  std::string name;
  Json changed;         ///< members to set; null removes
  std::string mistake;  ///< empty: accepted
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

Json claims_of(const Json& changed) {
  Json claims{{"iss", "a"}, {"sub", "a"}, {"aud", kServer}, {"exp", kNow + 60}, {"jti", "j-1"}};
  claims.merge_patch(changed);
  return claims;
}

Result<AssertionClaims> check(const Json& claims) {
  return check_assertion(claims.dump(), {.client_id = "a",
                                         .audiences = {kServer, std::string(kServer) + "/oauth2/token"},
                                         .now = WallTime(std::chrono::seconds(kNow))});
}

class CheckAssertion : public ::testing::TestWithParam<Row> {};

TEST_P(CheckAssertion, WantsEveryClaim) {
  const auto result = check(claims_of(GetParam().changed));
  EXPECT_EQ(result.has_value(), GetParam().mistake.empty());
  if (!result) {
    EXPECT_EQ(result.error().kind, ErrorKind::unauthorized);
    EXPECT_THAT(result.error().message, HasSubstr(GetParam().mistake));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Names, CheckAssertion,
    ::testing::Values(Row{"AsItShouldBe", Json::object(), ""},
                      Row{"IssuerMissing", {{"iss", nullptr}}, "iss is not"},
                      Row{"IssuerIsAnother", {{"iss", "b"}}, "iss is not"},
                      Row{"SubjectMissing", {{"sub", nullptr}}, "sub is not"},
                      Row{"SubjectIsAnother", {{"sub", "b"}}, "sub is not"},
                      Row{"SubjectIsANumber", {{"sub", 1}}, "sub is not"},
                      Row{"TokenEndpoint", {{"aud", std::string(kServer) + "/oauth2/token"}}, ""},
                      Row{"AudienceList", {{"aud", Json::array({"x", kServer})}}, ""},
                      Row{"AudienceMissing", {{"aud", nullptr}}, "aud is not"},
                      Row{"AudienceIsAnother", {{"aud", "https://other.example.com"}}, "aud is not"},
                      Row{"AudienceListOfOthers", {{"aud", Json::array({"x", "y"})}}, "aud is not"},
                      Row{"AudienceListIsEmpty", {{"aud", Json::array()}}, "aud is not"},
                      Row{"AudienceIsLonger", {{"aud", std::string(kServer) + "/"}}, "aud is not"},
                      Row{"IdMissing", {{"jti", nullptr}}, "jti is"}, Row{"IdEmpty", {{"jti", ""}}, "jti is"},
                      Row{"IdTooLong", {{"jti", std::string(257, 'j')}}, "jti is"},
                      Row{"IdAsLongAsPossible", {{"jti", std::string(256, 'j')}}, ""}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    Times, CheckAssertion,
    ::testing::Values(
        Row{"ExpiryMissing", {{"exp", nullptr}}, "exp is missing"},
        Row{"ExpiryIsAText", {{"exp", std::to_string(kNow + 60)}}, "exp is missing"},
        Row{"ExpiryIsHuge", {{"exp", 1e300}}, "exp is missing"},
        Row{"ExpiryIsNegative", {{"exp", -1}}, "exp is missing"},
        Row{"ExpiryHasAFraction", {{"exp", kNow + 60.5}}, ""},
        Row{"ExpiredWithinTheTolerance", {{"exp", kNow - 29}}, ""},
        Row{"Expired", {{"exp", kNow - 30}}, "exp is over"}, Row{"TenMinutes", {{"exp", kNow + 630}}, ""},
        Row{"MoreThanTenMinutes", {{"exp", kNow + 631}}, "exp is more than"},
        Row{"NotYet", {{"nbf", kNow + 31}}, "nbf lies"}, Row{"JustNow", {{"nbf", kNow + 30}}, ""},
        Row{"NotBeforeIsAText", {{"nbf", "now"}}, "nbf is not"},
        Row{"IssuedInTheFuture", {{"iat", kNow + 31}}, "iat lies"}, Row{"IssuedJustNow", {{"iat", kNow}}, ""},
        Row{"IssuedAnHourAgo", {{"iat", kNow - 3630}}, ""},
        Row{"IssuedLongAgo", {{"iat", kNow - 3631}}, "iat is more than"},
        Row{"IssuedIsAText", {{"iat", "now"}}, "iat is not"}),
    test::RowName());

TEST(CheckAssertion, ExpiryCountsWithItsTolerance) {
  const auto claims = check(claims_of({{"exp", kNow + 60}}));
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->token_id, "j-1");
  EXPECT_EQ(claims->expires_at, WallTime(std::chrono::seconds(kNow + 90)))
      << "as long as it could be presented again";
}

TEST(ClaimedClient, IsTheSubject) {
  const auto assertion = [](const std::string& payload) {
    return base64url_encode("{}") + "." + base64url_encode(payload) + ".c2ln";
  };
  EXPECT_EQ(claimed_client(assertion(R"({"sub":"a"})")), "a");
  EXPECT_EQ(claimed_client(assertion(R"({"sub":1})")), std::nullopt);
  EXPECT_EQ(claimed_client(assertion(R"({"sub":""})")), std::nullopt);
  EXPECT_EQ(claimed_client(assertion("{}")), std::nullopt);
  EXPECT_EQ(claimed_client("junk"), std::nullopt);
}

}  // namespace
}  // namespace apiclient::registry
