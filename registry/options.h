#pragma once
// Flags and environment variables of apiclient-registry.

#include <string>
#include <variant>
#include <vector>

#include "telemetry/log.h"

namespace apiclient::registry {

/// PEM files of a listener that serves https: both or neither.
struct TlsFiles {
  std::string cert_file;  ///< with chain
  std::string key_file;
};

struct Options {
  std::string data_dir;
  std::string issuer;
  std::string public_address = "127.0.0.1:9080";
  std::string admin_address = "127.0.0.1:9081";
  std::string metrics_address = "127.0.0.1:9082";
  TlsFiles public_tls;
  TlsFiles admin_tls;
  TlsFiles metrics_tls;
  std::string admin_token_file;  ///< default: admin-token in the data folder
  std::string key_file;          ///< default: keys.json in the data folder
  bool create_missing_keys = false;
  std::size_t max_secrets = 3;  ///< per client
  telemetry::LogOptions log;
};

/// The program ends at once: after --help and --version with 0, after a mistake with 2.
struct EarlyExit {
  int code = 0;
  std::string output;  ///< for standard output when the code is 0, else for standard error
};

/// Flags win over `APICLIENT_*` variables, these over the defaults. `arguments` without the program's name.
std::variant<Options, EarlyExit> parse_options(std::vector<std::string> arguments);

}  // namespace apiclient::registry
