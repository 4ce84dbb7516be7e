#include "backend/registry_connection.h"

#include <gtest/gtest.h>

#include "backend/circuit.h"
#include "support/loopback_server.h"

namespace apiclient::backend {
namespace {

ConnectionConfig a_config() {
  return {.name = "default",
          .admin_url = "http://127.0.0.1:1",
          .issuer = "http://127.0.0.1:2",
          .auth = BearerAuth{.token = std::make_shared<const Secret>("admin-token")}};
}

Result<std::unique_ptr<RegistryConnection>> connect(ConnectionConfig config, telemetry::Metrics& metrics) {
  return make_registry_connection(
      std::move(config), [] { return true; }, metrics);
}

struct ConfigCase {
  const char* name;
  void (*change)(ConnectionConfig&);
  const char* message_part;
};
void PrintTo(const ConfigCase& row, std::ostream* out) { *out << row.name; }

class UnusableConfig : public testing::TestWithParam<ConfigCase> {};

TEST_P(UnusableConfig, IsRefusedBeforeAnythingIsSent) {
  telemetry::Metrics metrics;
  ConnectionConfig config = a_config();
  GetParam().change(config);
  const auto connection = connect(std::move(config), metrics);
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error().kind, ErrorKind::invalid);
  EXPECT_NE(connection.error().message.find(GetParam().message_part), std::string::npos)
      << connection.error().message;
}

std::shared_ptr<const Secret> token(const char* text) { return std::make_shared<const Secret>(text); }

INSTANTIATE_TEST_SUITE_P(
    Table, UnusableConfig,
    testing::Values(
        ConfigCase{"AdminUrl", [](ConnectionConfig& config) { config.admin_url = "ftp://a"; }, "adminUrl"},
        ConfigCase{"AdminUrlWithPassword",
                   [](ConnectionConfig& config) { config.admin_url = "http://a:b@c"; }, "adminUrl"},
        ConfigCase{"Issuer", [](ConnectionConfig& config) { config.issuer = "not a url"; }, "issuer"},
        ConfigCase{"TokenUrl", [](ConnectionConfig& config) { config.token_url = "/token"; }, "tokenUrl"},
        ConfigCase{"NoToken", [](ConnectionConfig& config) { config.auth = BearerAuth{}; }, "token"},
        ConfigCase{"EmptyToken",
                   [](ConnectionConfig& config) { config.auth = BearerAuth{.token = token("\n")}; }, "token"},
        ConfigCase{"TokenWithLineBreak",
                   [](ConnectionConfig& config) { config.auth = BearerAuth{.token = token("a\r\nHost: b")}; },
                   "token"},
        ConfigCase{"TokenWithSpace",
                   [](ConnectionConfig& config) { config.auth = BearerAuth{.token = token("a b")}; },
                   "token"},
        ConfigCase{"NoPassword", [](ConnectionConfig& config) { config.auth = BasicAuth{.username = "ada"}; },
                   "password"},
        ConfigCase{"NoClientSecret",
                   [](ConnectionConfig& config) { config.auth = ClientCredentialsAuth{.client_id = "a"}; },
                   "client id or secret"},
        ConfigCase{"CaThatIsNone",
                   [](ConnectionConfig& config) {
                     config.admin_url = "https://127.0.0.1:1";
                     config.tls.ca_pem = "not a certificate";
                   },
                   ""}),
    [](const auto& row) { return row.param.name; });

TEST(RegistryConnection, FenceStopsWritesBeforeTheyAreSent) {
  telemetry::Metrics metrics;
  const auto connection = make_registry_connection(
      a_config(), [] { return false; }, metrics);
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  const auto removed = (*connection)->backend().remove("a", "uid-1", {});
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().kind, ErrorKind::cancelled);
}

/// Nobody listens: every call is refused by the system at once.
TEST(RegistryConnection, AfterAFailedProbeNothingIsSentButProbes) {
  telemetry::Metrics metrics;
  const auto connection = connect(a_config(), metrics);
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  EXPECT_FALSE((*connection)->circuit_open());
  const auto first = (*connection)->backend().find("a", {});
  ASSERT_FALSE(first.has_value());
  EXPECT_FALSE((*connection)->probe({}).has_value());
  EXPECT_TRUE((*connection)->circuit_open());
  const auto second = (*connection)->backend().find("a", {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(second.error().code, kCircuitOpen);
  EXPECT_NE(second.error().message.find("not sent"), std::string::npos) << second.error().message;
  const auto probe = (*connection)->probe({});
  ASSERT_FALSE(probe.has_value());
  EXPECT_EQ(probe.error().message.find("not sent"), std::string::npos) << probe.error().message;
}

// ---- hosts

std::shared_ptr<const HostList> only(const std::vector<std::string>& entries) {
  return std::make_shared<const HostList>(HostList::parse(entries).value());
}
std::string host_of(const test::LoopbackServer& server) {
  return "127.0.0.1:" + std::to_string(server.port());
}
void say_nothing(test::LoopbackConnection& connection) { connection.read_request(); }

struct HostCase {
  const char* name;
  void (*change)(ConnectionConfig&, const std::string& foreign);
};
void PrintTo(const HostCase& row, std::ostream* out) { *out << row.name; }
class ForeignHost : public testing::TestWithParam<HostCase> {};

TEST_P(ForeignHost, IsRefusedWhereConnectionsAreMade) {
  telemetry::Metrics metrics;
  const test::LoopbackServer foreign(say_nothing);
  ConnectionConfig config = a_config();
  config.hosts = only({"127.0.0.1:1", "127.0.0.1:2"});
  GetParam().change(config, foreign.uri());
  const auto connection = connect(std::move(config), metrics);
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error().code, kHostNotAllowedCode);
  EXPECT_EQ(foreign.connections(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ForeignHost,
    testing::Values(HostCase{"Admin", [](auto& config, const auto& url) { config.admin_url = url; }},
                    HostCase{"Issuer", [](auto& config, const auto& url) { config.issuer = url; }},
                    HostCase{"ServerName",
                             [](auto& config, const auto& /*url*/) {
                               config.admin_url = "https://127.0.0.1:1";
                               config.tls.server_name = "internal.example.com";
                             }}),
    [](const auto& row) { return row.param.name; });

/// A registry that is as it should be, but for where its metadata sends people for tokens.
class MisleadingIssuer : public ::testing::Test {
 protected:
  ConnectionConfig config() {
    ConnectionConfig config = a_config();
    config.kind = RegistryKind::hydra;
    config.auth = NoAuth{};
    config.admin_url = config.issuer = server_.uri();
    return config;
  }
  void answer(test::LoopbackConnection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->target.find("/.well-known/") == std::string::npos) {
        connection.respond(200, "[]");
      } else {
        connection.respond(200, R"({"issuer":")" + server_.uri() + R"(","token_endpoint":")" +
                                    foreign_.uri() + R"(/token"})");
      }
    }
  }
  telemetry::Metrics metrics_;
  test::LoopbackServer foreign_{say_nothing};
  test::LoopbackServer server_{[this](auto& connection) { answer(connection); }};
};

TEST_F(MisleadingIssuer, IsNoGoodRegistryAndItsEndpointIsNotAsked) {
  ConnectionConfig limited = config();
  limited.hosts = only({host_of(server_)});
  const auto connection = connect(std::move(limited), metrics_);
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  const auto probe = (*connection)->probe({});
  ASSERT_FALSE(probe.has_value());
  EXPECT_EQ(probe.error().code, kHostNotAllowedCode) << probe.error().message;
  EXPECT_EQ((*connection)->verifier().verify({.client_id = "a"}, Secret("s"), {}), Verdict::unknown);
  EXPECT_EQ(foreign_.connections(), 0);
  EXPECT_GT(server_.connections(), 0);
}

/// Ours too: by the field for it, or by the metadata.
TEST_F(MisleadingIssuer, GetsNoCredentialsOfOursForAForeignTokenEndpoint) {
  for (const std::string& url : {foreign_.uri() + "/token", std::string()}) {
    ConnectionConfig limited = config();
    limited.hosts = only({host_of(server_)});
    limited.auth =
        ClientCredentialsAuth{.client_id = "operator", .client_secret = token("secret"), .token_url = url};
    const auto connection = connect(std::move(limited), metrics_);
    ASSERT_TRUE(connection.has_value()) << connection.error().message;
    const auto probe = (*connection)->probe({});
    ASSERT_FALSE(probe.has_value());
    EXPECT_EQ(probe.error().code, kHostNotAllowedCode) << probe.error().message;
  }
  EXPECT_EQ(foreign_.connections(), 0);
}

TEST_F(MisleadingIssuer, IsGoodWhereNothingIsLimitedOrItsHostIsListed) {
  const auto unlimited = connect(config(), metrics_);
  ASSERT_TRUE(unlimited.has_value());
  const auto probe = (*unlimited)->probe({});
  EXPECT_TRUE(probe.has_value()) << probe.error().message;
  ConnectionConfig limited = config();
  limited.hosts = only({host_of(server_), host_of(foreign_)});
  const auto connection = connect(std::move(limited), metrics_);
  ASSERT_TRUE(connection.has_value());
  EXPECT_TRUE((*connection)->probe({}).has_value());
}

TEST(RegistryKind, IsReadByItsName) {
  for (const RegistryKind kind : {RegistryKind::embedded, RegistryKind::hydra, RegistryKind::keycloak,
                                  RegistryKind::dynamic_registration}) {
    EXPECT_EQ(read_registry_kind(to_string(kind)), kind);
  }
  EXPECT_FALSE(read_registry_kind("zitadel"));
  EXPECT_FALSE(read_registry_kind(""));
}

/// Only the backend of Hydra refuses this by itself, without a call.
TEST(RegistryConnection, TheKindChoosesTheBackend) {
  telemetry::Metrics metrics;
  ConnectionConfig config = a_config();
  config.kind = RegistryKind::hydra;
  config.auth = NoAuth{};
  const auto connection = connect(std::move(config), metrics);
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  const auto disabled = (*connection)->backend().set_disabled("a", "uid-1", true, {});
  ASSERT_FALSE(disabled.has_value());
  EXPECT_EQ(disabled.error().code, "cannot_disable");
}

}  // namespace
}  // namespace apiclient::backend
