#include "registry/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "unit/registry/row_name.h"

namespace apiclient::registry {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kNeeded{"--data-dir", "data", "--issuer", "https://issuer.example.com"};

std::vector<std::string> needed_and(std::vector<std::string> more) {
  more.insert(more.begin(), kNeeded.begin(), kNeeded.end());
  return more;
}

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

TEST(Options, DefaultsFollowTheDataFolder) {
  const auto options = std::get<Options>(parse_options(kNeeded));
  EXPECT_EQ(options.admin_token_file, "data/admin-token");
  EXPECT_EQ(options.key_file, "data/keys.json");
  EXPECT_EQ(options.public_address, "127.0.0.1:9080");
  EXPECT_EQ(options.admin_address, "127.0.0.1:9081");
  EXPECT_EQ(options.max_secrets, 3U);
  EXPECT_FALSE(options.create_missing_keys);
  EXPECT_EQ(options.log.level, telemetry::LogLevel::info);
}

TEST(Options, EveryFlagIsRead) {
  const auto options = std::get<Options>(
      parse_options(needed_and({"--public-address", ":1", "--admin-address", ":2", "--metrics-address", ":3",
                                "--admin-token-file", "t", "--key-file", "k", "--create-missing-keys",
                                "--max-secrets", "5", "--log-level", "trace", "--log-format", "text"})));
  EXPECT_EQ(options.public_address, ":1");
  EXPECT_EQ(options.admin_address, ":2");
  EXPECT_EQ(options.metrics_address, ":3");
  EXPECT_EQ(options.admin_token_file, "t");
  EXPECT_EQ(options.key_file, "k");
  EXPECT_TRUE(options.create_missing_keys);
  EXPECT_EQ(options.max_secrets, 5U);
  EXPECT_EQ(options.log.level, telemetry::LogLevel::trace);
  EXPECT_EQ(options.log.format, telemetry::LogFormat::text);
}

TEST(Options, EachListenerHasItsTlsFiles) {
  const auto options = std::get<Options>(parse_options(needed_and(
      {"--public-tls-cert-file", "pc", "--public-tls-key-file", "pk", "--admin-tls-cert-file", "ac",
       "--admin-tls-key-file", "ak", "--metrics-tls-cert-file", "mc", "--metrics-tls-key-file", "mk"})));
  EXPECT_EQ(options.public_tls.cert_file + options.public_tls.key_file, "pcpk");
  EXPECT_EQ(options.admin_tls.cert_file + options.admin_tls.key_file, "acak");
  EXPECT_EQ(options.metrics_tls.cert_file + options.metrics_tls.key_file, "mcmk");
}

TEST(Options, EnvironmentFillsInAndFlagsWin) {
  const Variable data("APICLIENT_DATA_DIR", "from-environment");
  const Variable issuer("APICLIENT_ISSUER", "https://environment.example.com");
  const Variable keys("APICLIENT_CREATE_MISSING_KEYS", "true");
  const auto filled = std::get<Options>(parse_options({}));
  EXPECT_EQ(filled.data_dir, "from-environment");
  EXPECT_EQ(filled.issuer, "https://environment.example.com");
  EXPECT_TRUE(filled.create_missing_keys);
  EXPECT_EQ(std::get<Options>(parse_options({"--data-dir", "flag"})).data_dir, "flag");
}

struct Row {
  std::string name;
  std::vector<std::string> arguments;
  int code;
  std::string output;
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

class EarlyEnd : public ::testing::TestWithParam<Row> {};

TEST_P(EarlyEnd, HasItsCode) {
  const auto result = parse_options(GetParam().arguments);
  const auto* stop = std::get_if<EarlyExit>(&result);
  ASSERT_NE(stop, nullptr);
  EXPECT_EQ(stop->code, GetParam().code);
  EXPECT_THAT(stop->output, HasSubstr(GetParam().output));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, EarlyEnd,
    ::testing::Values(
        Row{"Version", {"--version"}, 0, "apiclient-registry "},
        Row{"Help", {"--help"}, 0, "--create-missing-keys"}, Row{"NothingGiven", {}, 2, "required"},
        Row{"UnknownFlag", needed_and({"--tls-cert-file", "x"}), 2, "--tls-cert-file"},
        Row{"TlsWithoutKey", needed_and({"--public-tls-cert-file", "x"}), 2, "--public-tls-key-file"},
        Row{"TlsWithoutCertificate", needed_and({"--admin-tls-key-file", "x"}), 2, "--admin-tls-cert-file"},
        Row{"BadIssuer", {"--data-dir", "d", "--issuer", "https://example.com/"}, 2, "slash"},
        Row{"BadLevel", needed_and({"--log-level", "loud"}), 2, "--log-level"},
        Row{"BadFormat", needed_and({"--log-format", "xml"}), 2, "--log-format"},
        Row{"NoSecrets", needed_and({"--max-secrets", "0"}), 2, "--max-secrets"}),
    test::RowName());

TEST(Options, VersionIsOneLine) {
  const auto stop = std::get<EarlyExit>(parse_options({"--version"}));
  EXPECT_EQ(std::count(stop.output.begin(), stop.output.end(), '\n'), 1);
}

TEST(Options, HelpNamesEveryFlagWithItsVariable) {
  const auto help = std::get<EarlyExit>(parse_options({"--help"})).output;
  for (const auto* name :
       {"DATA_DIR", "PUBLIC_ADDRESS", "ADMIN_ADDRESS", "METRICS_ADDRESS", "ISSUER", "ADMIN_TOKEN_FILE",
        "KEY_FILE", "CREATE_MISSING_KEYS", "LOG_LEVEL", "LOG_FORMAT", "MAX_SECRETS", "PUBLIC_TLS_CERT_FILE",
        "ADMIN_TLS_KEY_FILE", "METRICS_TLS_CERT_FILE"})
    EXPECT_THAT(help, HasSubstr(std::string("APICLIENT_") + name));
}

}  // namespace
}  // namespace apiclient::registry
