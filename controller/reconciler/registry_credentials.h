#pragma once
// What a registry object says about logging in and TLS, with the values of the Secrets that it names. Every
// Secret lives in the operator's namespace and carries apiclient.dev/usable-by: registry; each is read by one
// GET. Nothing is kept here.

#include <set>
#include <stop_token>
#include <string>
#include <variant>

#include "api/client_registry.h"
#include "backend/registry_connection.h"
#include "kube/client.h"
#include "reconciler/registry_status.h"

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
  CredentialsReader(kube::Reader& client, std::string operator_namespace)
      : client_(client), namespace_(std::move(operator_namespace)) {}

  /// A trouble names the field, the Secret and the fix; it passes by itself once the Secret is as it should
  /// be.
  Result<std::variant<RegistryCredentials, RegistryTrouble>> read(const api::ClientRegistrySpec& spec,
                                                                  std::stop_token stop);

 private:
  kube::Reader& client_;
  std::string namespace_;
};

}  // namespace apiclient::reconciler
