#pragma once
// The controller's flags. Flags win over APICLIENT_* environment variables, those over defaults.

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "telemetry/log.h"

namespace apiclient::app {

struct Options {
  std::string kubeconfig = {};
  std::string context = {};
  std::string namespace_name = {};                 ///< the operator's own
  std::vector<std::string> watch_namespaces = {};  ///< empty: all
  std::string registry_selector = {};  ///< a label selector, for ClusterClientRegistries; empty: all
  std::string installation_id = {};
  bool leader_elect = true;
  std::size_t workers = 8;
  std::size_t max_scheduled_rotations = 10;
  bool allow_namespaced_registries = false;
  std::vector<std::string> namespaced_registry_hosts = {};  ///< as backend::HostList reads them
  std::string registry_token_secret = {};                   ///< to be made at the start; empty: none
  std::string registry_config_map = {};  ///< describes a ClusterClientRegistry to be created; empty: none
  std::string metrics_address = ":8080";
  std::string metrics_tls_cert_file = {};  ///< PEM; both or neither
  std::string metrics_tls_key_file = {};
  bool metrics_authorize = false;  ///< ask the API server who may read them
  std::string health_address = ":8081";
  telemetry::LogOptions log = {};
};

/// The program has printed help or a version, or the flags were wrong: end with this code (0 or 2).
struct ExitNow {
  int code;
};

std::variant<Options, ExitNow> parse_options(int argc, const char* const* argv);

}  // namespace apiclient::app
