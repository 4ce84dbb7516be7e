#include "registry/token_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "http/uri.h"
#include "registry/client_assertion.h"
#include "support/eventually.h"
#include "support/log_capture.h"
#include "unit/registry/client_key.h"
#include "unit/registry/jwt_verifier.h"
#include "unit/registry/public_world.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

const std::string kRight(43, 'x');
const std::string kWrong(43, 'w');

struct TokenWorld : PublicWorld {
  ClientKey key = ClientKey::p256();
  TokenEndpoint endpoint{{authenticator, *signing_keys, *lifetimes, metrics, clock}, kIssuer};

  TokenWorld() {
    ClientMetadata machine = a_machine("machine");
    machine.scopes = {"read", "write"};
    machine.access_token_lifetime = 600s;
    machine.audience = {"https://orders.example.com", "https://stock.example.com"};
    add_client(machine, true);
    ClientMetadata post = a_machine("post");
    post.token_endpoint_auth_method = AuthMethod::client_secret_post;
    add_client(post, true);
    ClientMetadata web = a_machine("web");
    web.type = ClientType::web;
    web.grant_types = {"authorization_code", "refresh_token"};
    web.redirect_uris = {"https://web.example.com/callback"};
    add_client(web, true);
    ClientMetadata key_client = a_machine("keys");
    key_client.token_endpoint_auth_method = AuthMethod::private_key_jwt;
    key_client.jwks = key_set_of({key.jwk()});
    add_client(key_client, false);
    add_client(a_public_client("public"), false);
  }

  void add_client(const ClientMetadata& metadata, bool with_secret) {
    NewClient request{
        .metadata = metadata, .mark = {}, .secret = {}, .operation_id = "op-" + metadata.client_id};
    if (with_secret) request.secret = a_secret(request.operation_id, 1, 'x');
    if (!store.create(request)) throw std::runtime_error("cannot create " + metadata.client_id);
  }

  http::Response post(const std::string& body, const std::string& authorization = "",
                      const std::string& type = "application/x-www-form-urlencoded") {
    http::ServerRequest request{.method = http::Method::post, .path = "/oauth2/token", .body = body};
    request.headers.emplace("Content-Type", type);
    if (!authorization.empty()) request.headers.emplace("Authorization", authorization);
    return endpoint.handle(request);
  }
};

std::string basic(const std::string& id, const std::string& secret) {
  return "Basic " + base64_encode(id + ":" + secret);
}

struct Row {
  std::string name;
  std::string body;
  std::string authorization;
  int status;
  std::string error;  ///< empty: a token
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

class TokenRequest : public ::testing::TestWithParam<Row> {};

TEST_P(TokenRequest, IsAnswered) {
  TokenWorld world;
  const auto response = world.post(GetParam().body, GetParam().authorization);
  EXPECT_EQ(response.status_code, GetParam().status);
  EXPECT_EQ(http::find_header(response.headers, "Cache-Control"), "no-store");
  EXPECT_EQ(http::find_header(response.headers, "Content-Type"), "application/json");
  const auto body = Json::parse(response.body);
  EXPECT_EQ(body.value("error", ""), GetParam().error);
  EXPECT_EQ(body.contains("access_token"), GetParam().error.empty());
  const auto challenge = std::string(http::find_header(response.headers, "WWW-Authenticate"));
  EXPECT_EQ(challenge.substr(0, 5), response.status_code == 401 ? "Basic" : "");
}

const std::string kGrant = "grant_type=client_credentials";

INSTANTIATE_TEST_SUITE_P(
    Authentication, TokenRequest,
    ::testing::Values(Row{"Basic", kGrant, basic("machine", kRight), 200, ""},
                      Row{"Post", kGrant + "&client_id=post&client_secret=" + kRight, "", 200, ""},
                      Row{"WrongSecret", kGrant, basic("machine", kWrong), 401, "invalid_client"},
                      Row{"WrongSecretInBody", kGrant + "&client_id=post&client_secret=" + kWrong, "", 401,
                          "invalid_client"},
                      Row{"UnknownClient", kGrant, basic("nobody", kRight), 401, "invalid_client"},
                      Row{"SecretOfAnotherLength", kGrant, basic("machine", kRight + "x"), 401,
                          "invalid_client"},
                      Row{"NoSecret", kGrant + "&client_id=machine", "", 401, "invalid_client"},
                      Row{"Nobody", kGrant, "", 401, "invalid_client"},
                      Row{"PostForABasicClient", kGrant + "&client_id=machine&client_secret=" + kRight, "",
                          401, "invalid_client"},
                      Row{"BasicForAPostClient", kGrant, basic("post", kRight), 401, "invalid_client"},
                      Row{"BothWays", kGrant + "&client_id=machine&client_secret=" + kRight,
                          basic("machine", kRight), 400, "invalid_request"},
                      Row{"KeyClientWithoutAssertion", kGrant + "&client_id=keys", "", 401, "invalid_client"},
                      Row{"PublicClientWithASecret", kGrant, basic("public", kRight), 401, "invalid_client"}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    Grant, TokenRequest,
    ::testing::Values(
        Row{"Missing", "scope=read", basic("machine", kRight), 400, "invalid_request"},
        Row{"Unknown", "grant_type=password", basic("machine", kRight), 400, "unsupported_grant_type"},
        Row{"RefreshToken", "grant_type=refresh_token&refresh_token=junk", basic("web", kRight), 400,
            "unsupported_grant_type"},
        Row{"RefreshTokenWithAWrongSecret", "grant_type=refresh_token&refresh_token=junk",
            basic("web", kWrong), 401, "invalid_client"},
        Row{"UnknownWithAWrongSecret", "grant_type=password", basic("machine", kWrong), 401,
            "invalid_client"},
        Row{"NotOfTheClient", kGrant, basic("web", kRight), 400, "unauthorized_client"},
        Row{"PublicClient", kGrant + "&client_id=public", "", 400, "unauthorized_client"},
        Row{"Scope", kGrant + "&scope=read", basic("machine", kRight), 200, ""},
        Row{"ScopeOfOthers", kGrant + "&scope=read+admin", basic("machine", kRight), 400, "invalid_scope"},
        Row{"Repeated", kGrant + "&" + kGrant, basic("machine", kRight), 400, "invalid_request"},
        Row{"BrokenForm", kGrant + "&scope=%zz", basic("machine", kRight), 400, "invalid_request"}),
    test::RowName());

const std::string kOrders = "&resource=https%3A%2F%2Forders.example.com";
const std::string kStock = "&resource=https%3A%2F%2Fstock.example.com";

INSTANTIATE_TEST_SUITE_P(Resource, TokenRequest,
                         ::testing::Values(Row{"One", kGrant + kOrders, basic("machine", kRight), 200, ""},
                                           Row{"Two", kGrant + kOrders + kStock, basic("machine", kRight),
                                               200, ""},
                                           Row{"Unknown", kGrant + "&resource=https%3A%2F%2Fbank.example.com",
                                               basic("machine", kRight), 400, "invalid_target"},
                                           Row{"OneOfTwoUnknown", kGrant + kOrders + "&resource=bank",
                                               basic("machine", kRight), 400, "invalid_target"},
                                           Row{"OfAClientWithoutAudiences",
                                               kGrant + kOrders + "&client_id=post&client_secret=" + kRight,
                                               "", 400, "invalid_target"},
                                           Row{"WithAWrongSecret", kGrant + "&resource=bank",
                                               basic("machine", kWrong), 401, "invalid_client"}),
                         test::RowName());

TEST(TokenEndpoint, ResourceBecomesTheAudience) {
  TokenWorld world;
  const auto audience_of = [&](const std::string& more) {
    const auto body = Json::parse(world.post(kGrant + more, basic("machine", kRight)).body);
    return split_jwt(body.at("access_token").get<std::string>())->claims.at("aud");
  };
  const Json both{"https://orders.example.com", "https://stock.example.com"};
  EXPECT_EQ(audience_of(""), both);
  EXPECT_EQ(audience_of(kOrders), "https://orders.example.com");
  EXPECT_EQ(audience_of(kOrders + kStock), both);
  EXPECT_EQ(audience_of("&resource=https%3A%2F%2Fissuer.example.com"), kIssuer);
  EXPECT_EQ(audience_of("&resource="), both) << "an empty parameter counts as missing";
}

TEST(TokenEndpoint, OtherContentTypeIsAnInvalidRequest) {
  TokenWorld world;
  const auto json = world.post("{}", basic("machine", kRight), "application/json");
  EXPECT_EQ(json.status_code, 400);
  EXPECT_EQ(Json::parse(json.body).at("error"), "invalid_request");
  const auto charset =
      world.post(kGrant, basic("machine", kRight), "application/x-www-form-urlencoded; charset=UTF-8");
  EXPECT_EQ(charset.status_code, 200);
}

TEST(TokenEndpoint, TokenSaysWhoAndForHowLong) {
  TokenWorld world;
  const auto body = Json::parse(world.post(kGrant + "&scope=read", basic("machine", kRight)).body);
  EXPECT_EQ(body.at("token_type"), "Bearer");
  EXPECT_EQ(body.at("expires_in"), 600);
  EXPECT_EQ(body.at("scope"), "read");
  const auto jwt = split_jwt(body.at("access_token").get<std::string>());
  ASSERT_TRUE(jwt);
  EXPECT_TRUE(verifies(*jwt, Json::parse(world.signing_keys->key_set()).at("keys").at(0)));
  EXPECT_EQ(jwt->claims.at("iss"), kIssuer);
  EXPECT_EQ(jwt->claims.at("sub"), "machine");
  EXPECT_EQ(jwt->claims.at("exp").get<int>() - jwt->claims.at("iat").get<int>(), 600);
}

TEST(TokenEndpoint, LifetimeIsAnHourUnlessTheClientSays) {
  TokenWorld world;
  const auto body = Json::parse(world.post(kGrant + "&client_id=post&client_secret=" + kRight).body);
  EXPECT_EQ(body.at("expires_in"), 3600);
  EXPECT_FALSE(body.contains("scope"));
}

TEST(TokenEndpoint, EverySecretWorksUntilItIsDeleted) {
  TokenWorld world;
  ASSERT_EQ(world.add("machine", "op-second", 2, 'y'), "done");
  const std::string second(43, 'y');
  EXPECT_EQ(world.post(kGrant, basic("machine", kRight)).status_code, 200);
  EXPECT_EQ(world.post(kGrant, basic("machine", second)).status_code, 200);
  ASSERT_EQ(world.remove_secret("machine", 0), "done");
  EXPECT_EQ(world.post(kGrant, basic("machine", kRight)).status_code, 401);
  EXPECT_EQ(world.post(kGrant, basic("machine", second)).status_code, 200);
  ASSERT_EQ(world.remove("machine"), "done");
  EXPECT_EQ(world.post(kGrant, basic("machine", second)).status_code, 401);
}

TEST(TokenEndpoint, DisabledClientIsToldApartFromNobodyByNothing) {
  TokenWorld world;
  ASSERT_EQ(world.add("post", "op-second", 2, 'y'), "done");
  for (const auto* id : {"machine", "post", "public"}) ASSERT_EQ(world.disable(id), "done");
  const auto unknown = world.post(kGrant, basic("nobody", kRight));
  const std::string secret = "&client_secret=" + kRight;
  for (const auto& response :
       {world.post(kGrant, basic("machine", kRight)), world.post(kGrant, basic("machine", kWrong)),
        world.post(kGrant, basic("post", kRight)), world.post(kGrant + "&client_id=post" + secret),
        world.post(kGrant + "&client_id=public"), world.post("grant_type=junk", basic("machine", kRight))}) {
    EXPECT_EQ(response.status_code, 401);
    EXPECT_EQ(response.body, unknown.body);
    EXPECT_EQ(response.headers, unknown.headers);
  }
  for (const auto* id : {"machine", "post"}) ASSERT_EQ(world.enable(id), "done");
  EXPECT_EQ(world.post(kGrant, basic("machine", kRight)).status_code, 200);
  EXPECT_EQ(world.post(kGrant + "&client_id=post" + secret).status_code, 200);
  EXPECT_EQ(world.post(kGrant + "&client_id=post&client_secret=" + std::string(43, 'y')).status_code, 200);
}

TEST(TokenEndpoint, KeyClientGetsOneTokenPerAssertion) {
  TokenWorld world;
  const auto now = std::chrono::system_clock::to_time_t(world.clock.wall_now());
  const auto assertion =
      world.key.sign({{"alg", "ES256"}},
                     {{"iss", "keys"}, {"sub", "keys"}, {"aud", kIssuer}, {"exp", now + 60}, {"jti", "j-1"}});
  const std::string body = kGrant + "&client_assertion_type=" + http::form_encode(kAssertionType) +
                           "&client_assertion=" + assertion;
  EXPECT_EQ(world.post(body).status_code, 200);
  const auto again = world.post(body);
  EXPECT_EQ(again.status_code, 401);
  EXPECT_EQ(Json::parse(again.body).at("error"), "invalid_client");
}

TEST(TokenEndpoint, UseIsRecordedForTheRightSecretOnly) {
  TokenWorld world;
  ASSERT_EQ(world.add("machine", "op-second", 2, 'y'), "done");
  EXPECT_EQ(world.post(kGrant, basic("machine", kWrong)).status_code, 401);
  EXPECT_EQ(world.post(kGrant, basic("machine", std::string(43, 'y'))).status_code, 200);
  world.last_used.stop();
  const auto client = world.get("machine");
  EXPECT_FALSE(client.secrets.at(0).last_used_at);
  EXPECT_EQ(client.secrets.at(1).last_used_at, world.clock.wall_now());
}

TEST(TokenEndpoint, NothingSecretIsLoggedOrCounted) {
  TokenWorld world;
  const apiclient::test::LogCapture capture;
  const auto token = Json::parse(world.post(kGrant, basic("machine", kRight)).body).at("access_token");
  world.post(kGrant, basic("machine", kWrong));
  world.post(kGrant + "&client_id=post&client_secret=" + kWrong);
  const std::string log = capture.text() + world.metrics.text();
  EXPECT_THAT(log, HasSubstr("token issued"));
  for (const auto& secret : {kRight, kWrong, base64_encode("machine:" + kRight), token.get<std::string>()})
    EXPECT_THAT(log, Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace apiclient::registry::test
