// Disabled clients, failed attempts, assertions, introspection, revocation and key rotation on a running
// registry.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "integration/registry/registry_process.h"
#include "integration/registry/sample_requests.h"
#include "support/eventually.h"
#include "support/loopback_server.h"
#include "unit/registry/client_key.h"
#include "unit/registry/jwt_verifier.h"

namespace apiclient::registry::test {
namespace {

using apiclient::test::LoopbackConnection;
using apiclient::test::LoopbackServer;
using http::Method;
using ::testing::HasSubstr;
using ::testing::Not;

std::string a_value() { return std::string(random_secret().reveal()); }

struct RunningRegistry : RegistryProcess {
  using RegistryProcess::RegistryProcess;

  std::string create(const std::string& client_id) {
    const auto value = a_value();
    const auto response =
        admin(Method::post, kClientsPath, machine_with_secret(client_id, "op-" + client_id, value).dump());
    EXPECT_EQ(response.status_code, 201) << response.body;
    return value;
  }
  [[nodiscard]] http::Response post(const std::string& path, const std::string& form,
                                    const std::string& authorization) const {
    return send_request(
        public_port(), Method::post, path,
        {{"Content-Type", "application/x-www-form-urlencoded"}, {"Authorization", authorization}}, form);
  }
  [[nodiscard]] bool is_active(const std::string& token, const std::string& authorization) const {
    return Json::parse(post("/oauth2/introspect", "token=" + token, authorization).body).at("active");
  }
  [[nodiscard]] std::string token_of(const std::string& client_id, const std::string& value) const {
    return Json::parse(token(kClientCredentials, basic_of(client_id, value)).body).at("access_token");
  }
};

TEST(PublicEndpoints, DisabledClientComesBackWithItsSecrets) {
  RunningRegistry registry;
  const auto value = registry.create("a");
  const auto other = registry.create("b");
  const auto token = registry.token_of("a", value);
  EXPECT_EQ(registry.admin(Method::post, kClientsPath + "/a/disable").status_code, 200);
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("a", value)).status_code, 401);
  EXPECT_FALSE(registry.is_active(token, basic_of("b", other)));
  registry.kill_hard();
  registry.start();
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("a", value)).status_code, 401)
      << "also after a crash";
  EXPECT_EQ(registry.admin(Method::post, kClientsPath + "/a/enable").status_code, 200);
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("a", value)).status_code, 200);
  EXPECT_TRUE(registry.is_active(token, basic_of("b", other)));
}

TEST(PublicEndpoints, NobodyIsLockedOutByFailures) {
  RunningRegistry registry;
  const auto value = registry.create("a");
  int throttled = 0;
  for (int i = 0; i < 40; ++i) {
    const auto response = registry.token(kClientCredentials, basic_of("a", a_value()));
    if (response.status_code != 429) continue;
    ++throttled;
    EXPECT_GE(std::stoi(std::string(http::find_header(response.headers, "Retry-After"))), 1);
  }
  EXPECT_GT(throttled, 0);
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("a", value)).status_code, 200);
  EXPECT_THAT(registry.probe("/metrics").body,
              HasSubstr("apiclient_registry_throttled_total " + std::to_string(throttled)));
}

TEST(PublicEndpoints, KeyClientProvesItselfWithKeysBehindAUri) {
  const auto key = ClientKey::rsa();
  LoopbackServer keys([&](LoopbackConnection& connection) {
    keys.note("asked");
    if (connection.read_request()) connection.respond(200, key_set_of({key.jwk("k")}));
  });
  RunningRegistry registry;
  Json client = machine_with_secret("keys", "", "");
  client.erase("secret");
  client["token_endpoint_auth_method"] = "private_key_jwt";
  client["jwks_uri"] = keys.uri() + "/jwks.json";
  ASSERT_EQ(registry.admin(Method::post, kClientsPath, client.dump()).status_code, 201);
  const auto form = [&](const std::string& id, const std::string& kid = "k") {
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    const auto assertion =
        key.sign({{"alg", "PS256"}, {"kid", kid}}, {{"iss", "keys"},
                                                    {"sub", "keys"},
                                                    {"aud", registry.issuer() + "/oauth2/token"},
                                                    {"exp", now + 60},
                                                    {"jti", id}});
    return kClientCredentials + "&client_assertion_type=" +
           http::form_encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") +
           "&client_assertion=" + assertion;
  };
  const auto first = form("j-1");
  EXPECT_EQ(registry.token(first).status_code, 200);
  EXPECT_EQ(registry.token(first).status_code, 401) << "a replay";
  EXPECT_EQ(registry.token(form("j-2")).status_code, 200);
  EXPECT_EQ(registry.token(form("j-3", "unknown")).status_code, 401);
  EXPECT_EQ(keys.noted("asked"), 1);
  EXPECT_EQ(registry.stop(), 0);
  registry.start();
  EXPECT_EQ(registry.token(first).status_code, 401) << "a restart opens no gap";
  EXPECT_EQ(registry.token(form("j-4")).status_code, 200);
  EXPECT_THAT(registry.log(), Not(HasSubstr(first.substr(first.rfind('.')))));
}

TEST(PublicEndpoints, RevokedTokenStaysSoAfterACrash) {
  RunningRegistry registry;
  const auto value = registry.create("a");
  const auto other = registry.create("b");
  const auto token = registry.token_of("a", value);
  const auto kept = registry.token_of("a", value);
  EXPECT_TRUE(registry.is_active(token, basic_of("b", other)));
  EXPECT_EQ(registry.post("/oauth2/revoke", "token=" + token, basic_of("b", other)).status_code, 400);
  EXPECT_EQ(registry.post("/oauth2/revoke", "token=" + token, basic_of("a", value)).status_code, 200);
  registry.kill_hard();
  registry.start();
  EXPECT_FALSE(registry.is_active(token, basic_of("b", other)));
  EXPECT_TRUE(registry.is_active(kept, basic_of("b", other)));
  EXPECT_THAT(registry.log(), Not(HasSubstr(token)));
}

TEST(PublicEndpoints, KeyRotationBreaksNoToken) {
  RunningRegistry registry;
  const auto value = registry.create("a");
  const auto before = registry.token_of("a", value);
  const auto rotated = run_registry_program({"rotate-key", "--key-file", registry.file("data/keys.json")});
  ASSERT_EQ(rotated.code, 0) << rotated.errors;
  const auto after = registry.token_of("a", value);
  const auto kid_of = [](const std::string& token) { return split_jwt(token)->header.at("kid"); };
  EXPECT_NE(kid_of(before), kid_of(after));
  const auto check = [&] {
    const Json keys = Json::parse(registry.get("/.well-known/jwks.json").body).at("keys");
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys.at(0).at("kid"), kid_of(after));
    EXPECT_TRUE(verifies(*split_jwt(after), keys.at(0)));
    EXPECT_TRUE(verifies(*split_jwt(before), keys.at(1)));
    EXPECT_TRUE(registry.is_active(before, basic_of("a", value)));
    EXPECT_TRUE(registry.is_active(after, basic_of("a", value)));
  };
  check();
  EXPECT_EQ(registry.stop(), 0);
  registry.start();
  check();
  EXPECT_EQ(run_registry_program({"rotate-key"}).code, 2);
  EXPECT_EQ(run_registry_program({"rotate-key", "--key-file", registry.file("none")}).code, 1);
}

}  // namespace
}  // namespace apiclient::registry::test
