#include "backend/registry_connection.h"

#include <gtest/gtest.h>

namespace apiclient::backend {
namespace {

ConnectionConfig a_config() {
  return {.name = "default",
          .admin_url = "http://127.0.0.1:1",
          .issuer = "http://127.0.0.1:2",
          .auth = {.token = std::make_shared<const Secret>("admin-token")}};
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
        ConfigCase{"NoToken", [](ConnectionConfig& config) { config.auth.token = nullptr; }, "token"},
        ConfigCase{"EmptyToken", [](ConnectionConfig& config) { config.auth.token = token("\n"); }, "token"},
        ConfigCase{"TokenWithLineBreak",
                   [](ConnectionConfig& config) { config.auth.token = token("a\r\nHost: b"); }, "token"},
        ConfigCase{"TokenWithSpace", [](ConnectionConfig& config) { config.auth.token = token("a b"); },
                   "token"},
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

TEST(RegistryKind, HasAName) { EXPECT_EQ(to_string(RegistryKind::embedded), "embedded"); }

}  // namespace
}  // namespace apiclient::backend
