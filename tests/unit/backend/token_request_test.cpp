#include "backend/token_request.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend {
namespace {

using test::a_machine_client;
using test::kValue;

TEST(TokenRequest, BasicCredentialsAreFormEncodedBeforeBase64) {
  ClientSettings settings = a_machine_client();
  settings.client_id = "a:b c";
  const auto request = make_token_request(settings, Secret("p%+&:ö"), "/oauth2/token");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method, http::Method::post);
  EXPECT_EQ(request->path, "/oauth2/token");
  EXPECT_EQ(request->body, "grant_type=client_credentials");
  EXPECT_EQ(http::find_header(request->headers, "Content-Type"), "application/x-www-form-urlencoded");
  const auto header = http::find_header(request->headers, "Authorization");
  ASSERT_TRUE(header.starts_with("Basic "));
  EXPECT_EQ(base64_decode(header.substr(6)), "a%3Ab+c:p%25%2B%26%3A%C3%B6");
}

TEST(TokenRequest, PostCredentialsGoIntoTheBody) {
  ClientSettings settings = a_machine_client();
  settings.token_endpoint_auth_method = "client_secret_post";
  const auto request = make_token_request(settings, Secret("a&b=c"), "/t");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->body,
            "grant_type=client_credentials&client_id=acme_team-a_invoices&client_secret=a%26b%3Dc");
  EXPECT_FALSE(request->headers.contains("Authorization"));
}

TEST(TokenRequest, ClientThatActsForUsersOffersAJunkRefreshToken) {
  ClientSettings settings = a_machine_client();
  settings.grant_types = {"authorization_code", "refresh_token"};
  const auto request = make_token_request(settings, Secret(kValue), "/t");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->body, "grant_type=refresh_token&refresh_token=never-issued");
}

TEST(TokenRequest, MethodsWithoutSecretAreRefused) {
  for (const char* method : {"none", "private_key_jwt", ""}) {
    ClientSettings settings = a_machine_client();
    settings.token_endpoint_auth_method = method;
    const auto request = make_token_request(settings, Secret(kValue), "/t");
    ASSERT_FALSE(request.has_value()) << method;
    EXPECT_EQ(request.error().kind, ErrorKind::invalid);
  }
}

TEST(TokenRequest, WipingEmptiesWhatHeldTheSecret) {
  auto request = make_token_request(a_machine_client(), Secret(kValue), "/t");
  ASSERT_TRUE(request.has_value());
  wipe_token_request(*request);
  EXPECT_EQ(http::find_header(request->headers, "Authorization"), "");
  EXPECT_EQ(request->body, "");
}

struct VerdictCase {
  const char* name;
  int status_code;
  std::string body;
  Verdict verdict;
};
void PrintTo(const VerdictCase& row, std::ostream* out) { *out << row.name; }

class Verdicts : public testing::TestWithParam<VerdictCase> {};

TEST_P(Verdicts, FollowTheAnswer) {
  EXPECT_EQ(verdict_of({.status_code = GetParam().status_code, .body = GetParam().body}), GetParam().verdict);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Verdicts,
    testing::Values(
        VerdictCase{"Token", 200, R"({"access_token":"x","token_type":"Bearer"})", Verdict::accepted},
        VerdictCase{"EmptyToken", 200, R"({"access_token":""})", Verdict::unknown},
        VerdictCase{"NoToken", 200, R"({"hello":"world"})", Verdict::unknown},
        VerdictCase{"HtmlWith200", 200, "<html>sign in</html>", Verdict::unknown},
        VerdictCase{"WrongSecret", 401, R"({"error":"invalid_client"})", Verdict::rejected},
        VerdictCase{"WrongSecretInBody", 400, R"({"error":"invalid_client"})", Verdict::rejected},
        VerdictCase{"WrongRefreshToken", 400, R"({"error":"invalid_grant"})", Verdict::accepted},
        VerdictCase{"WrongSecretAtKeycloak", 401, R"({"error":"unauthorized_client"})", Verdict::rejected},
        VerdictCase{"GrantNotAllowed", 400, R"({"error":"unauthorized_client"})", Verdict::accepted},
        VerdictCase{"GrantNotSupported", 400, R"({"error":"unsupported_grant_type"})", Verdict::accepted},
        VerdictCase{"BadRequest", 400, R"({"error":"invalid_request"})", Verdict::unknown},
        VerdictCase{"ProxyWantsPassword", 401, "<html>401</html>", Verdict::unknown},
        VerdictCase{"OtherJson401", 401, R"({"message":"no"})", Verdict::unknown},
        VerdictCase{"ErrorIsNoText", 401, R"({"error":{"code":1}})", Verdict::unknown},
        VerdictCase{"Forbidden", 403, R"({"error":"invalid_client"})", Verdict::unknown},
        VerdictCase{"Throttled", 429, R"({"error":"invalid_client"})", Verdict::unknown},
        VerdictCase{"Broken", 500, R"({"error":"invalid_client"})", Verdict::unknown},
        VerdictCase{"Redirect", 302, R"({"access_token":"x"})", Verdict::unknown},
        VerdictCase{"Nothing", 200, "", Verdict::unknown}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace apiclient::backend
