#include "app/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "backend/host_list.h"

namespace apiclient::app {
namespace {

template <typename T>
CLI::Validator parsed_by(Result<T> (*parse)(std::string_view), std::string name) {
  return {[parse](const std::string& text) {
            const auto value = parse(text);
            return value ? std::string() : value.error().message;
          },
          std::move(name)};
}

/// A bound for the threads: each namespace has some of its own.
constexpr int kMostNamespaces = 32;

/// RFC 1123 label, as the names of namespaces are.
std::string check_namespace(const std::string& name) {
  const auto is_letter = [](char one) { return (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9'); };
  const bool valid = !name.empty() && name.size() <= 63 && is_letter(name.front()) &&
                     is_letter(name.back()) &&
                     std::ranges::all_of(name, [&](char one) { return one == '-' || is_letter(one); });
  return valid ? "" : "\"" + name + "\" is not the name of a namespace";
}

void add_cluster_flags(CLI::App& app, Options& options) {
  app.add_option(
         "--kubeconfig", options.kubeconfig,
         "Path of a kubeconfig. Without it: $KUBECONFIG, then the Pod's own account, then ~/.kube/config")
      ->envname("APICLIENT_KUBECONFIG");
  app.add_option("--context", options.context, "Context of the kubeconfig; without it the current one")
      ->envname("APICLIENT_CONTEXT");
  app.add_option("--namespace", options.namespace_name,
                 "Namespace of the operator's own objects: lease, staged Secrets, registry credentials. "
                 "Without it that "
                 "of the context or the Pod")
      ->envname("APICLIENT_NAMESPACE");
  app.add_option("--watch-namespaces", options.watch_namespaces,
                 "Namespaces whose ApiClients this installation looks after, parted by commas; without it "
                 "all. Each costs a few watches: for many, run several installations")
      ->envname("APICLIENT_WATCH_NAMESPACES")
      ->delimiter(',')
      ->expected(1, kMostNamespaces)
      ->check(CLI::Validator(check_namespace, "NAMESPACE"));
  app.add_option("--registry-selector", options.registry_selector,
                 "Label selector of the ClusterClientRegistries that this installation looks after; without "
                 "it all. No two installations may look after the same one")
      ->envname("APICLIENT_REGISTRY_SELECTOR");
  app.add_option(
         "--installation-id", options.installation_id,
         "Name of this installation in every registry, written once to the ConfigMap apiclient-operator; "
         "without it random. An error when the ConfigMap says something else")
      ->envname("APICLIENT_INSTALLATION_ID")
      ->check(CLI::Validator(
          [](const std::string& id) {
            const bool valid =
                !id.empty() && id.size() <= 63 &&
                id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
            return valid ? "" : "must be 1 to 63 of a-z, 0-9 and -";
          },
          "ID"));
}

void add_running_flags(CLI::App& app, Options& options) {
  app.add_flag("--leader-elect,!--no-leader-elect", options.leader_elect,
               "Take the Lease apiclient-operator before doing anything (default). Without it never run two "
               "replicas")
      ->envname("APICLIENT_LEADER_ELECT");
  app.add_option("--workers", options.workers, "ApiClients worked on at once")
      ->envname("APICLIENT_WORKERS")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option(
         "--max-scheduled-rotations", options.max_scheduled_rotations,
         "Planned rotations under way at once, roll-outs of their consumers included. Those that a person "
         "asks for do not count")
      ->envname("APICLIENT_MAX_SCHEDULED_ROTATIONS")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--metrics-address", options.metrics_address, "host:port of /metrics")
      ->envname("APICLIENT_METRICS_ADDRESS")
      ->capture_default_str();
  const auto certificate =
      app.add_option("--metrics-tls-cert-file", options.metrics_tls_cert_file,
                     "Certificate of /metrics, PEM with its chain: https. Read again when it changes")
          ->envname("APICLIENT_METRICS_TLS_CERT_FILE");
  const auto key = app.add_option("--metrics-tls-key-file", options.metrics_tls_key_file, "Its key, PEM")
                       ->envname("APICLIENT_METRICS_TLS_KEY_FILE")
                       ->needs(certificate);
  certificate->needs(key);
  app.add_flag("--metrics-authorize", options.metrics_authorize,
               "Only who has a bearer token that the API server knows, and may get the path /metrics, reads "
               "them. Needs https")
      ->envname("APICLIENT_METRICS_AUTHORIZE")
      ->needs(certificate);
  app.add_option("--health-address", options.health_address, "host:port of /healthz and /readyz")
      ->envname("APICLIENT_HEALTH_ADDRESS")
      ->capture_default_str();
}

void add_registry_flags(CLI::App& app, Options& options) {
  app.add_flag(
         "--allow-namespaced-registries", options.allow_namespaced_registries,
         "Let namespaces have registries of their own, of the kind ClientRegistry. Without it the kind is "
         "not even watched")
      ->envname("APICLIENT_ALLOW_NAMESPACED_REGISTRIES");
  app.add_option(
         "--namespaced-registry-hosts", options.namespaced_registry_hosts,
         "Hosts that those registries may lead to, parted by commas: host, host:port, *.example.com, "
         "[IPv6]:port. Without a port 80 of http and 443 of https. What is not listed is not reachable")
      ->envname("APICLIENT_NAMESPACED_REGISTRY_HOSTS")
      ->delimiter(',')
      ->check(CLI::Validator(
          [](const std::string& entry) {
            const auto list = backend::HostList::parse({entry});
            return list ? std::string() : list.error().message;
          },
          "HOST"));
  app.add_option("--registry-token-secret", options.registry_token_secret,
                 "Secret in the operator's namespace to be made with a random admin token, when there is "
                 "none: for an apiclient-registry that is installed together with the operator and waits "
                 "for it")
      ->envname("APICLIENT_REGISTRY_TOKEN_SECRET");
  app.add_option("--registry-config-map", options.registry_config_map,
                 "ConfigMap in the operator's namespace whose registry.json is a ClusterClientRegistry to be "
                 "created, once: for an apiclient-registry that is installed together with the operator")
      ->envname("APICLIENT_REGISTRY_CONFIG_MAP");
}

}  // namespace

std::variant<Options, ExitNow> parse_options(int argc, const char* const* argv) {
  Options options;
  std::string level = "info";
  std::string format = "json";
  CLI::App app(
      "Kubernetes operator that makes OAuth2 API clients in a registry and their credentials in Secrets");
  app.set_version_flag("--version", "apiclient-controller " APICLIENT_VERSION);
  add_cluster_flags(app, options);
  add_running_flags(app, options);
  add_registry_flags(app, options);
  app.add_option("--log-level", level, "trace, debug, info, warning or error")
      ->envname("APICLIENT_LOG_LEVEL")
      ->check(parsed_by(telemetry::parse_log_level, "LEVEL"))
      ->capture_default_str();
  app.add_option("--log-format", format, "json or text")
      ->envname("APICLIENT_LOG_FORMAT")
      ->check(parsed_by(telemetry::parse_log_format, "FORMAT"))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return ExitNow{app.exit(problem) == 0 ? 0 : 2};
  }
  options.log = {.level = *telemetry::parse_log_level(level), .format = *telemetry::parse_log_format(format)};
  return options;
}

}  // namespace apiclient::app
