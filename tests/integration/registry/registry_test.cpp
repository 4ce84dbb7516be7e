// The registry as a program: everything over HTTP.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "integration/registry/registry_process.h"
#include "integration/registry/sample_requests.h"
#include "support/eventually.h"
#include "unit/registry/jwt_verifier.h"

namespace apiclient::registry::test {
namespace {

using http::Method;
using ::testing::HasSubstr;

std::string a_value() { return std::string(random_secret().reveal()); }

TEST(Registry, ClientLivesFromCreationToDeletion) {
  RegistryProcess registry;
  const auto first = a_value();
  const auto second = a_value();
  const std::string path = kClientsPath + "/acme_team-a_invoices";

  const auto created = registry.admin(Method::post, kClientsPath,
                                      machine_with_secret("acme_team-a_invoices", "op-1", first).dump(),
                                      {{"Idempotency-Key", "op-1"}});
  ASSERT_EQ(created.status_code, 201) << created.body;
  const auto issued =
      registry.token(kClientCredentials + "&scope=read", basic_of("acme_team-a_invoices", first));
  ASSERT_EQ(issued.status_code, 200) << issued.body;
  EXPECT_EQ(Json::parse(issued.body).at("scope"), "read");

  const auto added = registry.admin(Method::post, path + "/secrets", added_secret("op-2", second, 2).dump(),
                                    {{"Apiclient-Owner-Uid", "uid-1"}});
  ASSERT_EQ(added.status_code, 201) << added.body;
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("acme_team-a_invoices", first)).status_code, 200);
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("acme_team-a_invoices", second)).status_code, 200);

  const auto secret_id = Json::parse(created.body).at("secrets").at(0).at("id").get<std::string>();
  EXPECT_EQ(registry.admin(Method::del, path + "/secrets/" + secret_id).status_code, 204);
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("acme_team-a_invoices", first)).status_code, 401);
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("acme_team-a_invoices", second)).status_code, 200);

  Json wish = machine_with_secret("acme_team-a_invoices", "", "", 2);
  wish.erase("secret");
  wish["scope"] = "read";
  EXPECT_EQ(registry.admin(Method::put, path, wish.dump(), {{"Apiclient-Owner-Uid", "uid-1"}}).status_code,
            200);
  EXPECT_EQ(registry.token(kClientCredentials + "&scope=write", basic_of("acme_team-a_invoices", second))
                .status_code,
            400);

  EXPECT_EQ(registry.admin(Method::del, path + "?uid=uid-2").status_code, 412);
  EXPECT_EQ(registry.admin(Method::del, path + "?uid=uid-1").status_code, 204);
  EXPECT_EQ(registry.admin(Method::get, path).status_code, 404);
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("acme_team-a_invoices", second)).status_code, 401);
}

TEST(Registry, TokenVerifiesWithThePublishedKeyAlsoAfterARestart) {
  RegistryProcess registry;
  const auto value = a_value();
  registry.admin(Method::post, kClientsPath, machine_with_secret("a", "op-1", value).dump());
  const auto issued = Json::parse(registry.token(kClientCredentials, basic_of("a", value)).body);
  const auto jwt = split_jwt(issued.at("access_token").get<std::string>());
  ASSERT_TRUE(jwt);
  const auto verify = [&] {
    const auto metadata = Json::parse(registry.get("/.well-known/oauth-authorization-server").body);
    EXPECT_EQ(metadata.at("issuer"), registry.issuer());
    EXPECT_EQ(metadata.at("jwks_uri"), registry.issuer() + "/.well-known/jwks.json");
    const auto keys = Json::parse(registry.get("/.well-known/jwks.json").body).at("keys");
    EXPECT_EQ(keys.at(0).at("kid"), jwt->header.at("kid"));
    return verifies(*jwt, keys.at(0));
  };
  EXPECT_TRUE(verify());
  EXPECT_EQ(jwt->claims.at("iss"), registry.issuer());
  EXPECT_EQ(registry.stop(), 0);
  registry.start();
  EXPECT_TRUE(verify());
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("a", value)).status_code, 200);
}

TEST(Registry, IssuerWithAPathIsFoundInBothPlaces) {
  RegistryProcess registry({}, "/tenant");
  for (const auto* path :
       {"/.well-known/oauth-authorization-server/tenant", "/.well-known/oauth-authorization-server",
        "/tenant/.well-known/oauth-authorization-server"}) {
    const auto response = registry.get(path);
    ASSERT_EQ(response.status_code, 200) << path;
    EXPECT_EQ(Json::parse(response.body).at("token_endpoint"), registry.issuer() + "/oauth2/token");
  }
  EXPECT_EQ(registry.get("/tenant/.well-known/jwks.json").status_code, 200);
  EXPECT_EQ(registry.get("/.well-known/oauth-authorization-server/other").status_code, 404);
}

TEST(Registry, IdWithColonNeedsItsEncoding) {
  RegistryProcess registry;
  const auto value = a_value();
  ASSERT_EQ(
      registry
          .admin(Method::post, kClientsPath, machine_with_secret("acme:team-a:shop", "op-1", value).dump())
          .status_code,
      201);
  EXPECT_EQ(registry.token(kClientCredentials, basic_of("acme:team-a:shop", value)).status_code, 200);
  const auto unencoded = "Basic " + base64_encode("acme:team-a:shop:" + value);
  EXPECT_EQ(registry.token(kClientCredentials, unencoded).status_code, 401);
  EXPECT_EQ(registry.admin(Method::get, kClientsPath + "/acme%3Ateam-a%3Ashop").status_code, 200);
}

TEST(Registry, LimitsHoldOnTheWire) {
  RegistryProcess registry({"--max-secrets", "1"});
  const auto code = [](const http::Response& response) { return Json::parse(response.body).at("code"); };
  EXPECT_EQ(registry.admin(Method::post, kClientsPath, machine_with_secret("a", "op-1", a_value()).dump())
                .status_code,
            201);
  EXPECT_EQ(code(registry.admin(Method::post, kClientsPath + "/a/secrets",
                                added_secret("op-2", a_value(), 2).dump())),
            "too_many_secrets");
  EXPECT_EQ(code(registry.admin(Method::post, kClientsPath, std::string((1U << 20U) + 1, ' '))), "too_large");
  EXPECT_EQ(registry.admin(Method::post, kClientsPath, std::string(5U << 19U, ' ')).status_code, 413);
  EXPECT_EQ(code(registry.admin(Method::post, kClientsPath, "{}", {{"Content-Type", "text/plain"}})),
            "unsupported_media_type");
  EXPECT_EQ(code(registry.admin(Method::get, "/admin/v2")), "no_such_path");
  const auto wrong_method = registry.admin(Method::put, kClientsPath, "{}");
  EXPECT_EQ(wrong_method.status_code, 405);
  EXPECT_EQ(http::find_header(wrong_method.headers, "Allow"), "GET, POST");
  EXPECT_EQ(registry.get("/oauth2/token").status_code, 405);
}

TEST(Registry, ListenersKeepApart) {
  RegistryProcess registry;
  EXPECT_EQ(registry.get(kClientsPath).status_code, 404);
  EXPECT_EQ(registry.get("/metrics").status_code, 404);
  EXPECT_EQ(registry.get("/oauth2/introspect").status_code, 405);
  EXPECT_EQ(registry.admin(Method::post, "/oauth2/introspect", "{}").status_code, 404);
  EXPECT_EQ(registry.admin(Method::post, "/oauth2/token", "{}").status_code, 404);
  EXPECT_EQ(registry.probe(kClientsPath).status_code, 404);
  EXPECT_EQ(registry.probe("/healthz").status_code, 200);
  EXPECT_THAT(registry.probe("/metrics").body, HasSubstr("apiclient_registry_clients 0"));
}

TEST(Registry, ReplacedAdminTokenCountsAtOnce) {
  RegistryProcess registry;
  const auto old = registry.admin_token();
  const auto with = [&](const std::string& token) {
    return registry.admin(Method::get, kClientsPath, "", {{"Authorization", "Bearer " + token}}).status_code;
  };
  ASSERT_EQ(with(old), 200);
  const auto fresh = a_value();
  TemporaryFolder::write(registry.file("data/next"), fresh);
  std::filesystem::rename(registry.file("data/next"), registry.file("data/admin-token"));
  EXPECT_EQ(with(fresh), 200);
  EXPECT_EQ(with(old), 401);
}

TEST(Registry, LastUseIsWrittenSoonAndAtTheStop) {
  RegistryProcess registry;
  const auto value = a_value();
  const auto other = a_value();
  registry.admin(Method::post, kClientsPath, machine_with_secret("a", "op-1", value).dump());
  registry.admin(Method::post, kClientsPath, machine_with_secret("b", "op-2", other).dump());
  const auto last_used = [&](const std::string& id) {
    const auto client = Json::parse(registry.admin(Method::get, kClientsPath + "/" + id).body);
    return client.at("secrets").at(0).value("last_used_at", "");
  };
  EXPECT_EQ(last_used("a"), "");
  ASSERT_EQ(registry.token(kClientCredentials, basic_of("a", value)).status_code, 200);
  EXPECT_TRUE(apiclient::test::eventually([&] { return !last_used("a").empty(); }));
  ASSERT_EQ(registry.token(kClientCredentials, basic_of("b", other)).status_code, 200);
  EXPECT_EQ(registry.stop(), 0);
  registry.start();
  EXPECT_NE(last_used("b"), "");
}

TEST(RegistryProgram, ExitCodesTellHowItEnded) {
  const TemporaryFolder folder;
  const std::vector<std::string> needed{
      "--data-dir",  folder.file("data"), "--issuer",    "http://127.0.0.1:1", "--public-address",
      "127.0.0.1:0", "--admin-address",   "127.0.0.1:0", "--metrics-address",  "127.0.0.1:0"};
  const auto without_keys = run_registry_program(needed);
  EXPECT_EQ(without_keys.code, 1);
  EXPECT_THAT(without_keys.errors, HasSubstr("--create-missing-keys"));
  EXPECT_EQ(run_registry_program({"--version"}).code, 0);
  EXPECT_EQ(run_registry_program({"--no-such-flag"}).code, 2);

  RegistryProcess running;
  auto taken = needed;
  taken.insert(taken.end(), {"--create-missing-keys", "--admin-address",
                             "127.0.0.1:" + std::to_string(running.admin_port())});
  taken.erase(taken.begin() + 6, taken.begin() + 8);
  const auto second = run_registry_program(taken);
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.errors, HasSubstr(std::to_string(running.admin_port())));
}

}  // namespace
}  // namespace apiclient::registry::test
