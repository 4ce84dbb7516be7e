#include "app/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/matchers.h"

namespace apiclient::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An environment variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

std::variant<Options, ExitNow> parse(const std::vector<std::string>& flags) {
  std::vector<const char*> arguments{"apiclient-controller"};
  for (const std::string& flag : flags) arguments.push_back(flag.c_str());
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

Options options_of(const std::vector<std::string>& flags) {
  const auto parsed = parse(flags);
  EXPECT_TRUE(std::holds_alternative<Options>(parsed));
  return std::holds_alternative<Options>(parsed) ? std::get<Options>(parsed) : Options();
}

TEST(Options, HaveDefaults) {
  const Options options = options_of({});
  EXPECT_EQ(options.kubeconfig, "");
  EXPECT_EQ(options.namespace_name, "");
  EXPECT_TRUE(options.leader_elect);
  EXPECT_EQ(options.workers, 8U);
  EXPECT_EQ(options.max_scheduled_rotations, 10U);
  EXPECT_TRUE(options.watch_namespaces.empty());
  EXPECT_FALSE(options.allow_namespaced_registries);
  EXPECT_TRUE(options.namespaced_registry_hosts.empty());
  EXPECT_EQ(options.metrics_address, ":8080");
  EXPECT_EQ(options.health_address, ":8081");
  EXPECT_EQ(options.log.level, telemetry::LogLevel::info);
  EXPECT_EQ(options.log.format, telemetry::LogFormat::json);
}

TEST(Options, EveryFlagIsRead) {
  const Options options = options_of({"--kubeconfig",
                                      "k",
                                      "--context=c",
                                      "--namespace",
                                      "n",
                                      "--watch-namespaces",
                                      "team-a,team-b",
                                      "--registry-selector",
                                      "tier=gold",
                                      "--installation-id",
                                      "prod-1",
                                      "--no-leader-elect",
                                      "--workers",
                                      "64",
                                      "--max-scheduled-rotations",
                                      "3",
                                      "--allow-namespaced-registries",
                                      "--namespaced-registry-hosts",
                                      "login.example.com,*.hydra.svc:4445",
                                      "--metrics-address",
                                      ":1",
                                      "--metrics-tls-cert-file",
                                      "c.pem",
                                      "--metrics-tls-key-file",
                                      "k.pem",
                                      "--metrics-authorize",
                                      "--health-address",
                                      ":2",
                                      "--log-level",
                                      "trace",
                                      "--log-format",
                                      "text"});
  EXPECT_EQ(options.kubeconfig, "k");
  EXPECT_EQ(options.context, "c");
  EXPECT_EQ(options.namespace_name, "n");
  EXPECT_THAT(options.watch_namespaces, ElementsAre("team-a", "team-b"));
  EXPECT_EQ(options.registry_selector, "tier=gold");
  EXPECT_EQ(options.installation_id, "prod-1");
  EXPECT_FALSE(options.leader_elect);
  EXPECT_EQ(options.workers, 64U);
  EXPECT_EQ(options.max_scheduled_rotations, 3U);
  EXPECT_TRUE(options.allow_namespaced_registries);
  EXPECT_THAT(options.namespaced_registry_hosts, ElementsAre("login.example.com", "*.hydra.svc:4445"));
  EXPECT_EQ(options.metrics_address, ":1");
  EXPECT_EQ(options.metrics_tls_cert_file, "c.pem");
  EXPECT_EQ(options.metrics_tls_key_file, "k.pem");
  EXPECT_TRUE(options.metrics_authorize);
  EXPECT_EQ(options.health_address, ":2");
  EXPECT_EQ(options.log.level, telemetry::LogLevel::trace);
  EXPECT_EQ(options.log.format, telemetry::LogFormat::text);
}

TEST(Options, TheEnvironmentFillsInAndFlagsWin) {
  const Variable name("APICLIENT_NAMESPACE", "from-environment");
  const Variable workers("APICLIENT_WORKERS", "3");
  const Variable election("APICLIENT_LEADER_ELECT", "false");
  const Variable level("APICLIENT_LOG_LEVEL", "debug");
  const Variable allowed("APICLIENT_ALLOW_NAMESPACED_REGISTRIES", "true");
  const Variable hosts("APICLIENT_NAMESPACED_REGISTRY_HOSTS", "a.example.com,b.example.com:8443");
  const Options options = options_of({"--workers", "5"});
  EXPECT_EQ(options.namespace_name, "from-environment");
  EXPECT_EQ(options.workers, 5U);
  EXPECT_FALSE(options.leader_elect);
  EXPECT_TRUE(options.allow_namespaced_registries);
  EXPECT_THAT(options.namespaced_registry_hosts, ElementsAre("a.example.com", "b.example.com:8443"));
  EXPECT_EQ(options.log.level, telemetry::LogLevel::debug);
}

TEST(Options, LeaderElectionCanBeSaidOut) {
  EXPECT_TRUE(options_of({"--leader-elect"}).leader_elect);
  EXPECT_TRUE(options_of({"--leader-elect=true"}).leader_elect);
  EXPECT_FALSE(options_of({"--leader-elect=false"}).leader_elect);
}

// Wrong use ends with 2

struct UsageRow {
  std::string name;
  std::vector<std::string> flags;
  std::string message;  ///< part of it
};
class WrongUse : public ::testing::TestWithParam<UsageRow> {};

TEST_P(WrongUse, EndsWithTwoAndSaysWhy) {
  testing::internal::CaptureStderr();
  const auto parsed = parse(GetParam().flags);
  const std::string said = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed));
  EXPECT_EQ(std::get<ExitNow>(parsed).code, 2);
  EXPECT_THAT(said, HasSubstr(GetParam().message));
}

std::string many_namespaces() {
  std::string names = "n0";
  for (int number = 1; number < 33; ++number) names += ",n" + std::to_string(number);
  return names;
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongUse,
    ::testing::Values(
        UsageRow{"UnknownFlag", {"--wrokers", "3"}, "--wrokers"},
        UsageRow{"Argument", {"something"}, "something"},
        UsageRow{"NoWorkers", {"--workers", "0"}, "--workers"},
        UsageRow{"TooManyWorkers", {"--workers", "65"}, "--workers"},
        UsageRow{"WorkersInWords", {"--workers", "many"}, "--workers"},
        UsageRow{"NoScheduledRotations", {"--max-scheduled-rotations", "0"}, "--max-scheduled-rotations"},
        UsageRow{"TooManyNamespaces", {"--watch-namespaces", many_namespaces()}, "--watch-namespaces"},
        UsageRow{"NoNamespace", {"--watch-namespaces", "team-a,Team_B"}, "\"Team_B\" is not the name"},
        UsageRow{"CertificateWithoutKey", {"--metrics-tls-cert-file", "c"}, "--metrics-tls-key-file"},
        UsageRow{"AuthorizedWithoutTls", {"--metrics-authorize"}, "--metrics-tls-cert-file"},
        UsageRow{"AnyHost", {"--namespaced-registry-hosts", "a.example.com,*"}, "\"*\": must be a host"},
        UsageRow{"AUrlForAHost", {"--namespaced-registry-hosts", "https://a.example.com"}, "must be a host"},
        UsageRow{"UpperCaseInstallation", {"--installation-id", "Prod"}, "1 to 63 of a-z"},
        UsageRow{"LongInstallation", {"--installation-id", std::string(64, 'a')}, "1 to 63 of a-z"},
        UsageRow{"UnknownLevel", {"--log-level", "loud"}, "--log-level"},
        UsageRow{"UnknownFormat", {"--log-format", "xml"}, "--log-format"}),
    test::RowName());

struct VariableRow {
  std::string name;
  const char* variable;
  const char* value;
};
class WrongVariable : public ::testing::TestWithParam<VariableRow> {};

TEST_P(WrongVariable, EndsWithTwo) {
  const Variable variable(GetParam().variable, GetParam().value);
  testing::internal::CaptureStderr();
  const auto parsed = parse({});
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed));
  EXPECT_EQ(std::get<ExitNow>(parsed).code, 2);
}

INSTANTIATE_TEST_SUITE_P(Table, WrongVariable,
                         ::testing::Values(VariableRow{"Workers", "APICLIENT_WORKERS", "many"},
                                           VariableRow{"Installation", "APICLIENT_INSTALLATION_ID", "Prod_1"},
                                           VariableRow{"Election", "APICLIENT_LEADER_ELECT", "perhaps"},
                                           VariableRow{"Host", "APICLIENT_NAMESPACED_REGISTRY_HOSTS", "a,*"},
                                           VariableRow{"Level", "APICLIENT_LOG_LEVEL", "loud"}),
                         test::RowName());

// Asked for words

TEST(Options, VersionIsOneLine) {
  testing::internal::CaptureStdout();
  const auto parsed = parse({"--version"});
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_EQ(std::get<ExitNow>(parsed).code, 0);
  EXPECT_EQ(said, "apiclient-controller " APICLIENT_VERSION "\n");
}

TEST(Options, HelpNamesEveryFlagWithItsVariable) {
  testing::internal::CaptureStdout();
  const auto parsed = parse({"--help"});
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_EQ(std::get<ExitNow>(parsed).code, 0);
  for (const char* word : {"--kubeconfig",
                           "--context",
                           "--namespace",
                           "--watch-namespaces",
                           "--registry-selector",
                           "--installation-id",
                           "--leader-elect",
                           "--workers",
                           "--max-scheduled-rotations",
                           "--allow-namespaced-registries",
                           "--namespaced-registry-hosts",
                           "--metrics-address",
                           "--metrics-tls-cert-file",
                           "--metrics-tls-key-file",
                           "--metrics-authorize",
                           "--health-address",
                           "--log-level",
                           "--log-format",
                           "APICLIENT_KUBECONFIG",
                           "APICLIENT_CONTEXT",
                           "APICLIENT_NAMESPACE",
                           "APICLIENT_INSTALLATION_ID",
                           "APICLIENT_LEADER_ELECT",
                           "APICLIENT_WORKERS",
                           "APICLIENT_MAX_SCHEDULED_ROTATIONS",
                           "APICLIENT_ALLOW_NAMESPACED_REGISTRIES",
                           "APICLIENT_NAMESPACED_REGISTRY_HOSTS",
                           "APICLIENT_METRICS_ADDRESS",
                           "APICLIENT_HEALTH_ADDRESS",
                           "APICLIENT_LOG_LEVEL",
                           "APICLIENT_LOG_FORMAT"}) {
    EXPECT_THAT(said, HasSubstr(word));
  }
}

}  // namespace
}  // namespace apiclient::app
