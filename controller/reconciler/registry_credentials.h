#pragma once
// What a registry object says about logging in and TLS, with the values of the Secrets that it names. Every
// Secret lives in one namespace (of a ClusterClientRegistry: the operator's; of a ClientRegistry: its own)
// and carries apiclient.dev/usable-by: registry; each is read by one GET. Nothing is kept here.

#include <set>
#include <stop_token>
#include <string>
#include <variant>

#include "api/client_registry.h"
#include "backend/registry_connection.h"
#include "kube/client.h"
#include "reconciler/registry_trouble.h"

namespace apiclient::reconciler {

struct RegistryCredentials {
  backend::RegistryAuth auth = {};
  backend::TlsSettings tls = {};
  std::string version = {};  ///< of all Secrets that were read; equal: nothing has changed
};

/// Names of the Secrets that the object refers to.
std::set<std::string> secrets_of(const api::ClientRegistrySpec& spec);

class CredentialsReader {
 public:
  explicit CredentialsReader(kube::Reader& client) : client_(client) {}

  /// A trouble names the field, the Secret and the fix; it passes by itself once the Secret is as it should
  /// be.
  Result<std::variant<RegistryCredentials, RegistryTrouble>> read(const api::ClientRegistrySpec& spec,
                                                                  const std::string& secrets_namespace,
                                                                  std::stop_token stop);

 private:
  kube::Reader& client_;
};

}  // namespace apiclient::reconciler
