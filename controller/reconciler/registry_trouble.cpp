#include "reconciler/registry_trouble.h"

#include <utility>

#include "api/conditions.h"
#include "backend/registry_connection.h"
#include "reconciler/registry_credentials.h"
#include "reconciler/registry_failure.h"

namespace apiclient::reconciler {

namespace reason = api::reason;

RegistryTrouble stalled(std::string_view reason, std::string message) {
  return {.reason = std::string(reason), .message = std::move(message), .stalled = true};
}

RegistryTrouble waiting(std::string_view reason, std::string message) {
  return {.reason = std::string(reason), .message = std::move(message)};
}

std::optional<RegistryTrouble> trouble_in(const api::ClientRegistrySpec& spec) {
  const auto kind = backend::read_registry_kind(spec.backend);
  if (!kind) {
    return stalled(reason::kUnsupported, "spec." + spec.backend +
                                             " is not supported by this version of the operator; use "
                                             "spec.embedded, spec.hydra, spec.keycloak or "
                                             "spec.dynamicRegistration");
  }
  if (!spec.unsupported_fields.empty()) {
    return stalled(reason::kUnsupported, spec.unsupported_fields.front() +
                                             " is not supported by this version of the operator; remove it");
  }
  // Registration may be open to all. Hydra's admin API asks for nothing by itself; what stands before it may.
  const bool may_be_open = *kind == backend::RegistryKind::dynamic_registration ||
                           (*kind == backend::RegistryKind::hydra && !spec.initial_access_token);
  if (!may_be_open && !spec.bearer && !spec.basic && !spec.client_credentials) {
    const bool keycloak = *kind == backend::RegistryKind::keycloak;
    return stalled(reason::kInvalidSpec,
                   keycloak
                       ? "spec.auth is missing; name the Secret that holds the client of the operator in "
                         "spec.auth.clientCredentials"
                       : "spec.auth is missing; name the Secret that holds the admin token in "
                         "spec.auth.bearer");
  }
  return std::nullopt;
}

RegistryTrouble trouble_of(const Error& error) {
  const bool ours = error.kind == ErrorKind::invalid && error.code != "issuer_mismatch";
  return {.reason = std::string(registry_reason(error)),
          .message = error.message,
          .stalled = ours,
          .retry_after = error.retry_after};
}

RegistryTrouble trouble_of_connection(const api::ClientRegistrySpec& spec, const Error& error,
                                      const std::string& secrets_namespace) {
  if (error.code == backend::kHostNotAllowedCode) return stalled(reason::kHostNotAllowed, error.message);
  std::string names;
  for (const std::string& name : secrets_of(spec)) names += (names.empty() ? "" : ", ") + name;
  if (names.empty() || !spec.tls.ca_bundle.empty()) return stalled(reason::kInvalidSpec, error.message);
  return waiting(reason::kCredentialsNotUsable,
                 error.message + "; mend the Secret (" + names + " in " + secrets_namespace + ")");
}

}  // namespace apiclient::reconciler
