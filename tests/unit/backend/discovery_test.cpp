#include "backend/discovery.h"

#include <gtest/gtest.h>

#include "support/matchers.h"
#include "support/scripted_transport.h"

namespace apiclient::backend {
namespace {

using http::Method;
using test::has_error;
using test::is_ok;
using test::ScriptedTransport;

const std::string kIssuer = "https://id.example";
const std::string kOAuthPath = "/.well-known/oauth-authorization-server";
const std::string kOpenIdPath = "/.well-known/openid-configuration";

std::string metadata(const std::string& issuer, const std::string& more = "") {
  return R"({"issuer":")" + issuer + R"(","token_endpoint":"https://id.example/token")" + more + "}";
}

struct PathCase {
  const char* name;
  std::string issuer;
  std::string oauth;
  std::string openid;
};
void PrintTo(const PathCase& row, std::ostream* out) { *out << row.name; }

class Paths : public testing::TestWithParam<PathCase> {};

TEST_P(Paths, FollowTheTwoSpecifications) {
  EXPECT_EQ(oauth_metadata_path(GetParam().issuer), GetParam().oauth);
  EXPECT_EQ(openid_metadata_path(GetParam().issuer), GetParam().openid);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Paths,
    testing::Values(PathCase{"Root", "https://id.example", "/.well-known/oauth-authorization-server",
                             "/.well-known/openid-configuration"},
                    PathCase{"RootWithSlash", "https://id.example/",
                             "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"},
                    PathCase{"WithPath", "https://id.example/realms/a",
                             "/.well-known/oauth-authorization-server/realms/a",
                             "/realms/a/.well-known/openid-configuration"},
                    PathCase{"WithPathAndSlash", "https://id.example:8443/realms/a/",
                             "/.well-known/oauth-authorization-server/realms/a",
                             "/realms/a/.well-known/openid-configuration"}),
    [](const auto& row) { return row.param.name; });

struct OriginCase {
  const char* name;
  std::string uri;
  std::string origin;  ///< empty: refused
};
void PrintTo(const OriginCase& row, std::ostream* out) { *out << row.name; }

class Origins : public testing::TestWithParam<OriginCase> {};

TEST_P(Origins, HaveSchemeHostAndPort) {
  const auto origin = origin_of(GetParam().uri);
  EXPECT_EQ(origin.has_value(), !GetParam().origin.empty());
  if (origin) {
    EXPECT_EQ(*origin, GetParam().origin);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Origins,
                         testing::Values(OriginCase{"Http", "http://h/a?b", "http://h:80"},
                                         OriginCase{"Https", "https://H", "https://h:443"},
                                         OriginCase{"Port", "http://h:9080/t", "http://h:9080"},
                                         OriginCase{"V6", "http://[::1]:9080/t", "http://[::1]:9080"},
                                         OriginCase{"OtherScheme", "ftp://h", ""},
                                         OriginCase{"UserInfo", "http://a:b@h", ""}),
                         [](const auto& row) { return row.param.name; });

TEST(ReadMetadata, GivesTheEndpoints) {
  const auto endpoints = read_metadata(
      metadata(kIssuer,
               R"(,"authorization_endpoint":"https://id.example/auth","jwks_uri":"https://id.example/keys",)"
               R"("userinfo_endpoint":"https://id.example/me")"),
      kIssuer, "");
  ASSERT_TRUE(endpoints.has_value());
  EXPECT_EQ(endpoints->token, "https://id.example/token");
  EXPECT_EQ(endpoints->authorization, "https://id.example/auth");
  EXPECT_EQ(endpoints->jwks, "https://id.example/keys");
  EXPECT_EQ(endpoints->user_info, "https://id.example/me");
}

TEST(ReadMetadata, TokenUrlOfAPersonWins) {
  const auto endpoints = read_metadata(metadata(kIssuer), kIssuer, "https://other.example/t");
  ASSERT_TRUE(endpoints.has_value());
  EXPECT_EQ(endpoints->token, "https://other.example/t");
}

struct UnusableCase {
  const char* name;
  std::string url;
};
void PrintTo(const UnusableCase& row, std::ostream* out) { *out << row.name; }

class UnusableEndpoint : public testing::TestWithParam<UnusableCase> {};

TEST_P(UnusableEndpoint, IsDroppedAndTheTokenEndpointMissed) {
  const std::string url = "\"" + GetParam().url + "\"";
  const auto optional = read_metadata(metadata(kIssuer, ",\"jwks_uri\":" + url), kIssuer, "");
  ASSERT_TRUE(optional.has_value());
  EXPECT_EQ(optional->jwks, "");
  const auto token =
      read_metadata(R"({"issuer":")" + kIssuer + R"(","token_endpoint":)" + url + "}", kIssuer, "");
  ASSERT_FALSE(token.has_value());
  EXPECT_EQ(token.error().kind, ErrorKind::protocol);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, UnusableEndpoint,
    testing::Values(UnusableCase{"Empty", ""}, UnusableCase{"Relative", "/keys"},
                    UnusableCase{"Script", "javascript:alert(1)"}, UnusableCase{"File", "file:///etc/passwd"},
                    UnusableCase{"LeavesHttps", "http://id.example/keys"},
                    UnusableCase{"LineBreak", "https://id.example/a\\nb"},
                    UnusableCase{"Endless", "https://id.example/" + std::string(4'000, 'x')}),
    [](const auto& row) { return row.param.name; });

TEST(ReadMetadata, PlainHttpIssuerMayHavePlainEndpoints) {
  const auto endpoints =
      read_metadata(R"({"issuer":"http://127.0.0.1:1","token_endpoint":"http://127.0.0.1:1/oauth2/token"})",
                    "http://127.0.0.1:1", "");
  ASSERT_TRUE(endpoints.has_value());
  EXPECT_EQ(endpoints->token, "http://127.0.0.1:1/oauth2/token");
}

struct MismatchCase {
  const char* name;
  std::string issuer;
};
void PrintTo(const MismatchCase& row, std::ostream* out) { *out << row.name; }

class OtherIssuer : public testing::TestWithParam<MismatchCase> {};

TEST_P(OtherIssuer, IsNamedBesideOurs) {
  const auto endpoints = read_metadata(metadata(GetParam().issuer), kIssuer, "https://id.example/given");
  ASSERT_FALSE(endpoints.has_value());
  EXPECT_EQ(endpoints.error().kind, ErrorKind::invalid);
  EXPECT_EQ(endpoints.error().code, "issuer_mismatch");
  EXPECT_NE(endpoints.error().message.find("\"" + GetParam().issuer.substr(0, 30)), std::string::npos);
  EXPECT_NE(endpoints.error().message.find("\"" + kIssuer + "\""), std::string::npos);
  EXPECT_LT(endpoints.error().message.size(), 500U);
}

INSTANTIATE_TEST_SUITE_P(
    Issuers, OtherIssuer,
    testing::Values(MismatchCase{"OtherHost", "https://evil.example"},
                    MismatchCase{"Slash", "https://id.example/"}, MismatchCase{"Case", "https://ID.example"},
                    MismatchCase{"Endless", "https://id.example/" + std::string(5'000, 'x')}),
    [](const auto& row) { return row.param.name; });

TEST(ReadMetadata, AnswersThatAreNoMetadataAreProtocolErrors) {
  for (const char* body : {"", "<html></html>", "[]", "{}", R"({"issuer":7})", R"({"issuer":)"}) {
    const auto endpoints = read_metadata(body, kIssuer, "");
    ASSERT_FALSE(endpoints.has_value()) << body;
    EXPECT_EQ(endpoints.error().kind, ErrorKind::protocol) << body;
  }
}

TEST(Discovery, FallsBackToOpenIdAfterA404) {
  ScriptedTransport transport;
  transport.expect(Method::get, kOAuthPath, 404);
  transport.expect(Method::get, kOpenIdPath, 200, metadata(kIssuer));
  Discovery discovery(transport, kIssuer, "");
  EXPECT_THAT(discovery.fetch({}), is_ok());
}

struct RefusalCase {
  const char* name;
  int status_code;
  ErrorKind kind;
  bool tries_openid;
};
void PrintTo(const RefusalCase& row, std::ostream* out) { *out << row.name; }

class Refusals : public testing::TestWithParam<RefusalCase> {};

TEST_P(Refusals, HaveOneMeaning) {
  ScriptedTransport transport;
  transport.expect(Method::get, kOAuthPath, GetParam().status_code, "<html>");
  if (GetParam().tries_openid) transport.expect(Method::get, kOpenIdPath, GetParam().status_code, "<html>");
  Discovery discovery(transport, kIssuer, "");
  EXPECT_THAT(discovery.fetch({}), has_error(GetParam().kind));
}

INSTANTIATE_TEST_SUITE_P(Table, Refusals,
                         testing::Values(RefusalCase{"Html", 200, ErrorKind::protocol, false},
                                         RefusalCase{"NothingThere", 404, ErrorKind::protocol, true},
                                         RefusalCase{"NotPublic", 401, ErrorKind::protocol, false},
                                         RefusalCase{"Redirect", 301, ErrorKind::protocol, false},
                                         RefusalCase{"Throttled", 429, ErrorKind::throttled, false},
                                         RefusalCase{"Broken", 502, ErrorKind::unavailable, false}),
                         [](const auto& row) { return row.param.name; });

TEST(Discovery, TransportErrorKeepsItsKind) {
  ScriptedTransport transport;
  transport.expect(Method::get, kOAuthPath, Error{.kind = ErrorKind::timeout, .message = "no answer"});
  Discovery discovery(transport, kIssuer, "");
  const auto endpoints = discovery.fetch({});
  ASSERT_FALSE(endpoints.has_value());
  EXPECT_EQ(endpoints.error().kind, ErrorKind::timeout);
  EXPECT_EQ(endpoints.error().message, "discover issuer: no answer");
}

TEST(Discovery, TokenEndpointIsAskedForOnce) {
  ScriptedTransport transport;
  transport.expect(Method::get, kOAuthPath, 503);
  transport.expect(Method::get, kOAuthPath, 200, metadata(kIssuer));
  Discovery discovery(transport, kIssuer, "");
  EXPECT_FALSE(discovery.token_endpoint({}).has_value());  // a failure is not remembered
  for (int i = 0; i < 3; ++i) {
    const auto endpoint = discovery.token_endpoint({});
    ASSERT_TRUE(endpoint.has_value());
    EXPECT_EQ(*endpoint, "https://id.example/token");
  }
}

TEST(Discovery, GivenTokenUrlNeedsNoQuestion) {
  ScriptedTransport transport;
  Discovery discovery(transport, kIssuer, "https://id.example/given");
  const auto endpoint = discovery.token_endpoint({});
  ASSERT_TRUE(endpoint.has_value());
  EXPECT_EQ(*endpoint, "https://id.example/given");
}

}  // namespace
}  // namespace apiclient::backend
