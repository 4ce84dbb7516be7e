#pragma once
// One kubeconfig file, and several merged into one (v1 Config of client-go). Plain values; pure functions.
// What we cannot do is remembered with the entry that asks for it, so that only using that entry is an error.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace apiclient::kube {

struct KubeconfigCluster {
  std::string where = {};  ///< "file: clusters[0].cluster"
  std::string server = {};
  std::string ca_file = {};  ///< absolute, as all paths here
  std::string ca_pem = {};   ///< wins over the file
  std::string tls_server_name = {};
  bool insecure_skip_verify = false;
  std::optional<std::string> refusal = {};  ///< why it cannot be used
};

struct KubeconfigUser {
  std::string where = {};
  Secret token = {};
  std::string token_file = {};  ///< wins over the token
  std::string certificate_file = {};
  std::string certificate_pem = {};  ///< wins over the file
  std::string key_file = {};
  Secret key_pem = {};  ///< wins over the file
  std::optional<std::string> refusal = {};
};

struct KubeconfigContext {
  std::string where = {};
  std::string cluster = {};
  std::string user = {};
  std::string namespace_name = {};
};

struct Kubeconfig {
  std::string current_context = {};
  std::map<std::string, KubeconfigCluster> clusters = {};
  std::map<std::string, KubeconfigUser> users = {};
  std::map<std::string, KubeconfigContext> contexts = {};
};

/// `path` is named in errors (kind invalid), and relative paths in the file start from its directory. Refuses
/// texts that are longer than 1 MiB, nested deeper than 16 or hold YAML aliases. Unknown fields are ignored.
Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::string& path);
/// For each entry and for the current context, the first file that has it wins.
Kubeconfig merge_kubeconfigs(Kubeconfig first, Kubeconfig second);

}  // namespace apiclient::kube
