#include "reconciler/registry_hosts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/builders.h"

namespace apiclient::reconciler {
namespace {

struct Row {
  std::string name;
  Json spec;            ///< a patch of the builder's
  std::string trouble;  ///< begin of the message; empty: none
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
class RegistryHosts : public ::testing::TestWithParam<Row> {};

TEST_P(RegistryHosts, AreCheckedFieldByField) {
  auto hosts = backend::HostList::parse({"registry.test:9081", "registry.test", "*.good.example"});
  const auto trouble =
      check_hosts(test::a_registry().with_spec(GetParam().spec).object().spec, hosts.value());
  EXPECT_EQ(trouble ? trouble->message.substr(0, GetParam().trouble.size()) : "", GetParam().trouble);
  if (!trouble) return;
  EXPECT_EQ(trouble->reason, "HostNotAllowed");
  EXPECT_TRUE(trouble->stalled);
  EXPECT_NE(trouble->message.find("--namespaced-registry-hosts"), std::string::npos);
}

Json backend_of(const char* kind, const Json& member) {
  return {{"embedded", nullptr}, {kind, member}, {"issuer", "https://login.good.example"}};
}

INSTANTIATE_TEST_SUITE_P(
    Table, RegistryHosts,
    ::testing::Values(
        Row{"AllListed", {{"issuer", "http://registry.test"}}, ""},
        Row{"AdminUrl",
            {{"embedded", {{"adminUrl", "http://evil.example:9081"}}}},
            "spec.embedded.adminUrl: host evil.example:9081 is not listed"},
        Row{"HydraAdminUrl", backend_of("hydra", {{"adminUrl", "http://evil.example"}}),
            "spec.hydra.adminUrl: host evil.example:80 is not listed"},
        Row{"RegistrationEndpoint",
            backend_of("dynamicRegistration", {{"registrationEndpoint", "https://evil.example/register"}}),
            "spec.dynamicRegistration.registrationEndpoint: host evil.example:443 is not listed"},
        Row{"Issuer",
            {{"issuer", "https://evil.example"}},
            "spec.issuer: host evil.example:443 is not listed"},
        Row{"TokenUrl",
            {{"issuer", "http://registry.test"}, {"tokenUrl", "https://evil.example/token"}},
            "spec.tokenUrl: host evil.example:443 is not listed"},
        Row{"TokenUrlOfTheCredentials",
            {{"issuer", "http://registry.test"},
             {"auth",
              {{"bearer", nullptr},
               {"clientCredentials",
                {{"secretRef", {{"name", "a"}, {"clientIdKey", "b"}, {"clientSecretKey", "c"}}},
                 {"tokenUrl", "https://evil.example/token"}}}}}},
            "spec.auth.clientCredentials.tokenUrl: host evil.example:443 is not listed"},
        Row{"ServerName",
            {{"issuer", "http://registry.test"},
             {"embedded", {{"adminUrl", "https://admin.good.example"}}},
             {"tls", {{"serverName", "internal.evil.example"}}}},
            "spec.tls.serverName: host internal.evil.example:443 is not listed"},
        Row{"ServerNameThatIsListed",
            {{"issuer", "http://registry.test"},
             {"embedded", {{"adminUrl", "https://admin.good.example"}}},
             {"tls", {{"serverName", "other.good.example"}}}},
            ""}),
    [](const auto& row) { return row.param.name; });

TEST(RegistryHosts, AnEmptyListRefusesEverything) {
  const auto trouble = check_hosts(test::a_registry().object().spec, {});
  ASSERT_TRUE(trouble.has_value());
  EXPECT_EQ(trouble->reason, "HostNotAllowed");
}

}  // namespace
}  // namespace apiclient::reconciler
