#include "backend/registry_connection.h"

#include <gtest/gtest.h>

#include "backend/circuit.h"

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
  const auto first = (*connection)->backend().find("a", {});
  ASSERT_FALSE(first.has_value());
  EXPECT_FALSE((*connection)->probe({}).has_value());
  const auto second = (*connection)->backend().find("a", {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(second.error().code, kCircuitOpen);
  EXPECT_NE(second.error().message.find("not sent"), std::string::npos) << second.error().message;
  const auto probe = (*connection)->probe({});
  ASSERT_FALSE(probe.has_value());
  EXPECT_EQ(probe.error().message.find("not sent"), std::string::npos) << probe.error().message;
}

TEST(RegistryKind, IsReadByItsName) {
  for (const RegistryKind kind : {RegistryKind::embedded, RegistryKind::hydra}) {
    EXPECT_EQ(read_registry_kind(to_string(kind)), kind);
  }
  EXPECT_FALSE(read_registry_kind("keycloak"));
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
