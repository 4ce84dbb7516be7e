// Tokens after they were issued: introspection and revocation, against the token endpoint.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "registry/introspection_endpoint.h"
#include "registry/revocation_endpoint.h"
#include "registry/token_endpoint.h"
#include "support/log_capture.h"
#include "unit/registry/public_world.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

const std::string kRight(43, 'x');
const std::string kWrong(43, 'w');

std::string basic(const std::string& id, const std::string& secret = kRight) {
  return "Basic " + base64_encode(id + ":" + secret);
}

struct LifecycleWorld : PublicWorld {
  RevokedTokens revoked{*database, clock};
  TokenEndpoint tokens{{authenticator, *signing_keys, *lifetimes, metrics, clock}, kIssuer};
  IntrospectionEndpoint introspection{{authenticator, store, revoked, *signing_keys, clock}, kIssuer};
  RevocationEndpoint revocation{{authenticator, revoked, *signing_keys, clock}, kIssuer};

  LifecycleWorld() {
    ClientMetadata machine = a_machine("a");
    machine.scopes = {"read"};
    const auto created = store.create(
        {.metadata = machine, .mark = a_mark(1), .secret = a_secret("op-a", 1, 'x'), .operation_id = "op-a"});
    EXPECT_TRUE(created);
    create("api", "op-api", 1, 'x');
    create_public("browser", "op-browser");
  }

  static http::ServerRequest form(const std::string& body, const std::string& authorization) {
    http::ServerRequest request{.method = http::Method::post, .body = body};
    request.headers.emplace("Content-Type", "application/x-www-form-urlencoded");
    if (!authorization.empty()) request.headers.emplace("Authorization", authorization);
    return request;
  }
  std::string token_of(const std::string& id) {
    const auto response = tokens.handle(form("grant_type=client_credentials", basic(id)));
    return Json::parse(response.body).at("access_token");
  }
  http::Response introspect(const std::string& token, const std::string& authorization = basic("api")) {
    return introspection.handle(form("token=" + token, authorization));
  }
  http::Response revoke(const std::string& token, const std::string& authorization = basic("a")) {
    return revocation.handle(form("token=" + token, authorization));
  }
};

TEST(IntrospectionEndpoint, ShowsAnActiveToken) {
  LifecycleWorld world;
  const auto token = world.token_of("a");
  const auto response = world.introspect(token);
  EXPECT_EQ(response.status_code, 200);
  EXPECT_EQ(http::find_header(response.headers, "Cache-Control"), "no-store");
  auto body = Json::parse(response.body);
  EXPECT_EQ(body.at("exp").get<int>() - body.at("iat").get<int>(), 3600);
  EXPECT_FALSE(body.at("jti").get<std::string>().empty());
  for (const auto* member : {"exp", "iat", "jti"}) body.erase(member);
  EXPECT_EQ(body, Json({{"active", true},
                        {"token_type", "Bearer"},
                        {"iss", kIssuer},
                        {"sub", "a"},
                        {"client_id", "a"},
                        {"aud", kIssuer},
                        {"scope", "read"}}));
}

/// What happens to a token of client "a" before somebody asks about it.
struct EventRow {
  std::string name;
  std::function<void(LifecycleWorld&, const std::string& token)> event;
  bool active;
  friend void PrintTo(const EventRow& row, std::ostream* stream) { *stream << row.name; }
};

class Introspection : public ::testing::TestWithParam<EventRow> {};

TEST_P(Introspection, KnowsWhatHappened) {
  LifecycleWorld world;
  const auto token = world.token_of("a");
  GetParam().event(world, token);
  const auto response = world.introspect(token);
  EXPECT_EQ(response.status_code, 200);
  if (GetParam().active)
    EXPECT_EQ(Json::parse(response.body).at("active"), true);
  else
    EXPECT_EQ(response.body, R"({"active":false})") << "and nothing else";
}

INSTANTIATE_TEST_SUITE_P(
    Events, Introspection,
    ::testing::Values(
        EventRow{"Nothing", [](LifecycleWorld&, const std::string&) {}, true},
        EventRow{"Revoked", [](LifecycleWorld& w, const std::string& token) { w.revoke(token); }, false},
        EventRow{"AnotherTokenRevoked",
                 [](LifecycleWorld& w, const std::string&) { w.revoke(w.token_of("a")); }, true},
        EventRow{"RevokedBySomebodyElse",
                 [](LifecycleWorld& w, const std::string& token) { w.revoke(token, basic("api")); }, true},
        EventRow{"AlmostExpired", [](LifecycleWorld& w, const std::string&) { w.clock.advance(3599s); },
                 true},
        EventRow{"Expired", [](LifecycleWorld& w, const std::string&) { w.clock.advance(3600s); }, false},
        EventRow{"ClientDisabled", [](LifecycleWorld& w, const std::string&) { w.disable("a"); }, false},
        EventRow{"ClientEnabledAgain",
                 [](LifecycleWorld& w, const std::string&) {
                   w.disable("a");
                   w.enable("a");
                 },
                 true},
        EventRow{"ClientDeleted", [](LifecycleWorld& w, const std::string&) { w.remove("a"); }, false},
        EventRow{"ClientCreatedAnew",
                 [](LifecycleWorld& w, const std::string&) {
                   w.remove("a");
                   w.clock.advance(1s);
                   w.create("a", "op-new", 2, 'y');
                 },
                 false},
        EventRow{"SecretDeleted", [](LifecycleWorld& w, const std::string&) { w.remove_secret("a", 0); },
                 true}),
    test::RowName());

struct RequestRow {
  std::string name;
  std::string body;
  std::string authorization;
  int introspection_status;
  int revocation_status;
  friend void PrintTo(const RequestRow& row, std::ostream* stream) { *stream << row.name; }
};

class LifecycleRequest : public ::testing::TestWithParam<RequestRow> {};

TEST_P(LifecycleRequest, NeedsAClientAndAToken) {
  LifecycleWorld world;
  const auto& row = GetParam();
  const auto request = LifecycleWorld::form(row.body, row.authorization);
  EXPECT_EQ(world.introspection.handle(request).status_code, row.introspection_status);
  EXPECT_EQ(world.revocation.handle(request).status_code, row.revocation_status);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, LifecycleRequest,
    ::testing::Values(RequestRow{"Junk", "token=junk", basic("a"), 200, 200},
                      RequestRow{"HintIsIgnored", "token=junk&token_type_hint=refresh_token", basic("a"), 200,
                                 200},
                      RequestRow{"NoToken", "", basic("a"), 400, 400},
                      RequestRow{"TwoTokens", "token=a&token=b", basic("a"), 400, 400},
                      RequestRow{"Nobody", "token=junk", "", 401, 401},
                      RequestRow{"WrongSecret", "token=junk", basic("a", kWrong), 401, 401},
                      RequestRow{"PublicClient", "token=junk&client_id=browser", "", 401, 200}),
    test::RowName());

TEST(IntrospectionEndpoint, SaysNothingOfJunk) {
  LifecycleWorld world;
  for (const std::string token : {"junk", "a.b.c"})
    EXPECT_EQ(world.introspect(token).body, R"({"active":false})");
}

TEST(Revocation, RefusesTokensOfOthers) {
  LifecycleWorld world;
  const auto token = world.token_of("a");
  for (const auto& response :
       {world.revoke(token, basic("api")),
        world.revocation.handle(LifecycleWorld::form("token=" + token + "&client_id=browser", ""))}) {
    EXPECT_EQ(response.status_code, 400);
    EXPECT_EQ(Json::parse(response.body).at("error"), "unauthorized_client");
  }
  for (int i = 0; i < 2; ++i) {
    const auto response = world.revoke(token);
    EXPECT_EQ(response.status_code, 200);
    EXPECT_EQ(response.body, "");
  }
}

TEST(Revocation, FailedAttemptsCountForAllEndpointsTogether) {
  LifecycleWorld world;
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(world.introspect("junk", basic("a", kWrong)).status_code, 401);
    EXPECT_EQ(world.revoke("junk", basic("a", kWrong)).status_code, 401);
    const auto request = LifecycleWorld::form("grant_type=client_credentials", basic("a", kWrong));
    EXPECT_EQ(world.tokens.handle(request).status_code, i < 6 ? 401 : 429);
  }
  EXPECT_EQ(world.introspect("junk", basic("a", kWrong)).status_code, 429);
  EXPECT_EQ(world.revoke("junk", basic("a", kWrong)).status_code, 429);
  EXPECT_EQ(world.introspect("junk", basic("a")).status_code, 200);
}

TEST(TokenLifecycle, NoTokenIsLogged) {
  LifecycleWorld world;
  const apiclient::test::LogCapture capture;
  const auto token = world.token_of("a");
  world.introspect(token);
  world.revoke(token);
  EXPECT_THAT(capture.text(), HasSubstr("token revoked"));
  EXPECT_THAT(capture.text(), Not(HasSubstr(token)));
  EXPECT_THAT(capture.text(), Not(HasSubstr(token.substr(token.rfind('.') + 1))));
}

}  // namespace
}  // namespace apiclient::registry::test
