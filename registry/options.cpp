#include "registry/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "registry/metadata_document.h"

namespace apiclient::registry {
namespace {

constexpr const char* kDescription =
    "apiclient-registry: a small OAuth 2.0 authorization server for machine clients.\n"
    "Every option can be given as an environment variable too; the option wins.";

/// CLI11 wants an empty string for "fine".
template <typename T>
std::string problem_in(const Result<T>& result) {
  return result ? std::string{} : result.error().message;
}

void add_addresses(CLI::App& app, Options& options) {
  app.add_option("--public-address", options.public_address, "Where clients get tokens, host:port")
      ->envname("APICLIENT_PUBLIC_ADDRESS")
      ->capture_default_str();
  app.add_option("--admin-address", options.admin_address, "Where clients are managed, host:port")
      ->envname("APICLIENT_ADMIN_ADDRESS")
      ->capture_default_str();
  app.add_option("--metrics-address", options.metrics_address,
                 "Where /healthz, /readyz and /metrics are, host:port")
      ->envname("APICLIENT_METRICS_ADDRESS")
      ->capture_default_str();
}

/// `listener` as in the flags' names.
void add_tls(CLI::App& app, const std::string& listener, TlsFiles& files) {
  std::string variable = "APICLIENT_" + listener;
  std::ranges::transform(variable, variable.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const std::string flag = "--" + listener + "-tls-";
  auto* cert = app.add_option(flag + "cert-file", files.cert_file,
                              "Serve https on this listener: PEM certificate with its chain")
                   ->envname(variable + "_TLS_CERT_FILE");
  auto* key = app.add_option(flag + "key-file", files.key_file, "PEM key of the certificate")
                  ->envname(variable + "_TLS_KEY_FILE");
  cert->needs(key);
  key->needs(cert);
}

void add_files(CLI::App& app, Options& options) {
  app.add_option("--data-dir", options.data_dir, "Folder of the database; created when missing")
      ->envname("APICLIENT_DATA_DIR")
      ->required();
  app.add_option(
         "--admin-token-file", options.admin_token_file,
         "File with the bearer token of the admin API; re-read when it changes [<data-dir>/admin-token]")
      ->envname("APICLIENT_ADMIN_TOKEN_FILE");
  app.add_option("--key-file", options.key_file,
                 "File with the keys that hash secrets and sign tokens [<data-dir>/keys.json]")
      ->envname("APICLIENT_KEY_FILE");
  app.add_flag("--create-missing-keys", options.create_missing_keys,
               "Create the admin token file and the key file, mode 0600, when they do not exist")
      ->envname("APICLIENT_CREATE_MISSING_KEYS");
}

void add_behaviour(CLI::App& app, Options& options) {
  app.add_option("--issuer", options.issuer, "The issuer of the tokens: the URI under which clients reach us")
      ->envname("APICLIENT_ISSUER")
      ->required()
      ->check([](const std::string& issuer) { return problem_in(check_issuer(issuer)); });
  app.add_option("--max-secrets", options.max_secrets, "Secrets that one client may have at a time")
      ->envname("APICLIENT_MAX_SECRETS")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
}

void add_logging(CLI::App& app, std::string& level, std::string& format) {
  app.add_option("--log-level", level, "trace, debug, info, warning or error")
      ->envname("APICLIENT_LOG_LEVEL")
      ->check([](const std::string& text) { return problem_in(telemetry::parse_log_level(text)); })
      ->capture_default_str();
  app.add_option("--log-format", format, "json or text")
      ->envname("APICLIENT_LOG_FORMAT")
      ->check([](const std::string& text) { return problem_in(telemetry::parse_log_format(text)); })
      ->capture_default_str();
}

void fill_in_files(Options& options) {
  const std::filesystem::path folder(options.data_dir);
  if (options.admin_token_file.empty()) options.admin_token_file = folder / "admin-token";
  if (options.key_file.empty()) options.key_file = folder / "keys.json";
}

}  // namespace

std::variant<Options, EarlyExit> parse_options(std::vector<std::string> arguments) {
  Options options;
  std::string level = "info";
  std::string format = "json";
  CLI::App app(kDescription, "apiclient-registry");
  app.footer("Command: apiclient-registry rotate-key (see rotate-key --help)");
  app.set_version_flag("--version", "apiclient-registry " APICLIENT_VERSION);
  add_addresses(app, options);
  add_tls(app, "public", options.public_tls);
  add_tls(app, "admin", options.admin_tls);
  add_tls(app, "metrics", options.metrics_tls);
  add_files(app, options);
  add_behaviour(app, options);
  add_logging(app, level, format);
  try {
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(arguments);
  } catch (const CLI::ParseError& stop) {
    std::ostringstream output;
    const bool asked = app.exit(stop, output, output) == 0;
    return EarlyExit{asked ? 0 : 2, output.str()};
  }
  options.log.level = telemetry::parse_log_level(level).value_or(telemetry::LogLevel::info);
  options.log.format = telemetry::parse_log_format(format).value_or(telemetry::LogFormat::json);
  fill_in_files(options);
  return options;
}

}  // namespace apiclient::registry
