#include "kube/cluster_config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "http/uri.h"
#include "kube/kubeconfig.h"

namespace apiclient::kube {
namespace {

constexpr std::size_t kMaxFileBytes = 2U << 20U;

/// The text must be wiped by the caller where it may hold a secret.
Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open() || std::filesystem::is_directory(path)) {
    return fail(ErrorKind::invalid, path + ": cannot be read");
  }
  std::string text;
  std::vector<char> buffer(64U << 10U);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxFileBytes) return fail(ErrorKind::invalid, path + ": longer than 2 MiB");
  }
  return text;
}

std::string variable(const ClusterEnvironment& environment, const std::string& name) {
  const auto found = environment.variables.find(name);
  return found == environment.variables.end() ? std::string() : found->second;
}

Result<Kubeconfig> read_kubeconfig(const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, read_file(path));
  auto config = parse_kubeconfig(text, path);
  wipe(text);
  return config;
}

/// The files of $KUBECONFIG; missing ones are left out, as kubectl does, but not all of them.
Result<Kubeconfig> read_kubeconfig_list(const std::string& list) {
  std::optional<Kubeconfig> merged;
  std::istringstream paths(list);
  for (std::string path; std::getline(paths, path, ':');) {
    std::error_code ignored;
    if (path.empty() || !std::filesystem::exists(path, ignored)) continue;
    ASSIGN_OR_RETURN(Kubeconfig next, read_kubeconfig(path));
    merged = merged ? merge_kubeconfigs(std::move(*merged), std::move(next)) : std::move(next);
  }
  if (!merged) return fail(ErrorKind::invalid, "KUBECONFIG: no such file: " + list);
  return std::move(*merged);
}

Result<std::string> text_or_file(const std::string& text, const std::string& path, const std::string& field) {
  if (!text.empty() || path.empty()) return text;
  auto content = read_file(path);
  if (!content) return fail(std::move(content).error().in(field));
  return content;
}

Result<std::string> read_server(const KubeconfigCluster& cluster) {
  std::string server = cluster.server;
  while (server.ends_with('/')) server.pop_back();
  if (auto parts = http::split_uri(server); !parts) {
    return fail(ErrorKind::invalid, cluster.where + ".server: must be an http or https URI");
  }
  return server;
}

Result<void> read_trust(const KubeconfigCluster& cluster, http::TlsOptions& tls) {
  ASSIGN_OR_RETURN(tls.ca_pem,
                   text_or_file(cluster.ca_pem, cluster.ca_file, cluster.where + ".certificate-authority"));
  tls.server_name = cluster.tls_server_name;
  tls.insecure_skip_verify = cluster.insecure_skip_verify;
  if (tls.insecure_skip_verify && !tls.ca_pem.empty()) {
    return fail(ErrorKind::invalid, cluster.where +
                                        ".insecure-skip-tls-verify: contradicts the certificate authority; "
                                        "remove one of them");
  }
  return {};
}

Result<void> read_identity(const KubeconfigUser& user, http::TlsOptions& tls) {
  ASSIGN_OR_RETURN(tls.certificate_pem, text_or_file(user.certificate_pem, user.certificate_file,
                                                     user.where + ".client-certificate"));
  Secret key = user.key_pem.clone();
  if (key.empty() && !user.key_file.empty()) {
    ASSIGN_OR_RETURN(std::string pem, text_or_file("", user.key_file, user.where + ".client-key"));
    key = Secret(pem);
    wipe(pem);
  }
  if (tls.certificate_pem.empty() != key.empty()) {
    return fail(ErrorKind::invalid, user.where + ": client-certificate and client-key need each other");
  }
  if (!key.empty()) tls.key_pem = std::make_shared<const Secret>(std::move(key));
  return {};
}

std::unique_ptr<TokenSource> make_token(const KubeconfigUser& user, const Clock& clock) {
  if (!user.token_file.empty()) return make_file_token(user.token_file, clock);
  return user.token.empty() ? make_no_token() : make_fixed_token(user.token.clone());
}

/// A token file that cannot be read now is a mistake of the configuration; later it would be a passing
/// failure.
Result<Secret> first_token(TokenSource& source) {
  auto token = source.token();
  if (!token) return fail(ErrorKind::invalid, token.error().message);
  return token;
}

/// The entry that a context names; naming none is an entry without anything.
template <typename Entry>
Result<const Entry*> entry_of(const std::map<std::string, Entry>& entries, const std::string& name,
                              const std::string& field) {
  static const Entry none;
  if (name.empty()) return &none;
  const auto found = entries.find(name);
  if (found == entries.end()) return fail(ErrorKind::invalid, field + ": there is no \"" + name + "\"");
  if (found->second.refusal) return fail(ErrorKind::invalid, *found->second.refusal);
  return &found->second;
}

Result<const KubeconfigContext*> choose_context(const Kubeconfig& config, const std::string& wanted) {
  const std::string& name = wanted.empty() ? config.current_context : wanted;
  if (name.empty())
    return fail(ErrorKind::invalid, "kubeconfig: no current-context; set it or name a context");
  const auto found = config.contexts.find(name);
  if (found == config.contexts.end()) {
    return fail(ErrorKind::invalid, "kubeconfig: there is no context \"" + name + "\"");
  }
  return &found->second;
}

Result<ClusterConfig> from_kubeconfig(const Kubeconfig& config, const std::string& wanted,
                                      const Clock& clock) {
  ASSIGN_OR_RETURN(const KubeconfigContext* context, choose_context(config, wanted));
  ASSIGN_OR_RETURN(const KubeconfigCluster* cluster,
                   entry_of(config.clusters, context->cluster, context->where + ".cluster"));
  if (context->cluster.empty()) return fail(ErrorKind::invalid, context->where + ".cluster: is required");
  ASSIGN_OR_RETURN(const KubeconfigUser* user,
                   entry_of(config.users, context->user, context->where + ".user"));
  ASSIGN_OR_RETURN(std::string server, read_server(*cluster));
  ClusterConfig result{.server = std::move(server), .default_namespace = context->namespace_name};
  RETURN_IF_ERROR(read_trust(*cluster, result.tls));
  RETURN_IF_ERROR(read_identity(*user, result.tls));
  result.token = make_token(*user, clock);
  ASSIGN_OR_RETURN(const Secret token, first_token(*result.token));
  if (!token.empty() && !result.server.starts_with("https://")) {
    return fail(ErrorKind::invalid,
                cluster->where + ".server: must be https, or the token could be read on the way");
  }
  return result;
}

Result<ClusterConfig> from_pod(const ClusterEnvironment& environment, const Clock& clock) {
  const std::string host = variable(environment, "KUBERNETES_SERVICE_HOST");
  const std::string address = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const std::string& directory = environment.service_account_dir;
  ClusterConfig result{.server =
                           "https://" + address + ":" + variable(environment, "KUBERNETES_SERVICE_PORT")};
  ASSIGN_OR_RETURN(result.tls.ca_pem, read_file(directory + "/ca.crt"));
  result.token = make_file_token(directory + "/token", clock);
  RETURN_IF_ERROR(first_token(*result.token));
  std::string name = read_file(directory + "/namespace").value_or("");
  name.erase(name.find_last_not_of(" \r\n\t") + 1);
  result.default_namespace = std::move(name);
  return result;
}

bool in_pod(const ClusterEnvironment& environment) {
  return !variable(environment, "KUBERNETES_SERVICE_HOST").empty() &&
         !variable(environment, "KUBERNETES_SERVICE_PORT").empty();
}

Result<Kubeconfig> choose_kubeconfig(const ClusterConfigOptions& options,
                                     const ClusterEnvironment& environment) {
  if (!options.kubeconfig.empty()) return read_kubeconfig(options.kubeconfig);
  if (const std::string list = variable(environment, "KUBECONFIG"); !list.empty())
    return read_kubeconfig_list(list);
  const std::string home = variable(environment, "HOME");
  std::error_code ignored;
  if (home.empty() || !std::filesystem::exists(home + "/.kube/config", ignored)) {
    return fail(ErrorKind::invalid, "no cluster: give a kubeconfig, set KUBECONFIG, or run in a Pod");
  }
  return read_kubeconfig(home + "/.kube/config");
}

}  // namespace

ClusterEnvironment ClusterEnvironment::of_process() {
  ClusterEnvironment environment;
  for (const char* name : {"KUBECONFIG", "HOME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}) {
    if (const char* value = std::getenv(name); value != nullptr) environment.variables.emplace(name, value);
  }
  return environment;
}

Result<ClusterConfig> load_cluster_config(const ClusterConfigOptions& options,
                                          const ClusterEnvironment& environment, const Clock& clock) {
  const bool named = !options.kubeconfig.empty() || !variable(environment, "KUBECONFIG").empty();
  // A context that was asked for is found in a kubeconfig or nowhere.
  if (!named && options.context.empty() && in_pod(environment)) return from_pod(environment, clock);
  ASSIGN_OR_RETURN(const Kubeconfig config, choose_kubeconfig(options, environment));
  return from_kubeconfig(config, options.context, clock);
}

}  // namespace apiclient::kube
