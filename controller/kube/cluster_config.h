#pragma once
// How to reach and trust a cluster, from a kubeconfig or from inside a Pod. Plain value.

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/tls_options.h"
#include "kube/token_source.h"

namespace apiclient::kube {

struct ClusterConfig {
  std::string server;  ///< https://host:port[/prefix]
  http::TlsOptions tls = {};
  std::unique_ptr<TokenSource> token = {};  ///< never null
  std::string default_namespace = {};       ///< of the context, or the Pod's; may be empty
};

struct ClusterConfigOptions {
  /// Path given by flag; empty: $KUBECONFIG, then in-cluster, then ~/.kube/config.
  std::string kubeconfig = {};
  std::string context = {};  ///< empty: the current one; given: of a kubeconfig, never in-cluster
};

/// The environment as the loader sees it, so that tests need no process environment.
struct ClusterEnvironment {
  std::map<std::string, std::string> variables;
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
  /// The variables KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST and _PORT of this process.
  static ClusterEnvironment of_process();
};

/// Errors (kind invalid) name the file and the field and say what to do; exec and auth-provider plugins are
/// refused so ("users[2].user.exec: exec plugins are not supported; use a token or client certificate").
Result<ClusterConfig> load_cluster_config(const ClusterConfigOptions& options,
                                          const ClusterEnvironment& environment, const Clock& clock);

}  // namespace apiclient::kube
