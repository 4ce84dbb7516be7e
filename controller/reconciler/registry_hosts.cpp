#include "reconciler/registry_hosts.h"

#include <string>
#include <utility>
#include <vector>

#include "api/conditions.h"

namespace apiclient::reconciler {
namespace {

/// A field as people write it, and its URL.
using Field = std::pair<std::string, std::string>;

std::vector<Field> urls_of(const api::ClientRegistrySpec& spec) {
  const std::string base = spec.backend == "keycloak" ? ".url" : ".adminUrl";
  std::vector<Field> fields{{spec.backend + base, spec.admin_url},
                            {spec.backend + ".registrationEndpoint", spec.registration_endpoint},
                            {"issuer", spec.issuer},
                            {"tokenUrl", spec.token_url}};
  if (const auto& client = spec.client_credentials)
    fields.emplace_back("auth.clientCredentials.tokenUrl", client->token_url);
  return fields;
}

/// The URL whose server is called by tls.serverName instead.
const std::string& named_url(const api::ClientRegistrySpec& spec) {
  if (!spec.admin_url.empty()) return spec.admin_url;
  return spec.registration_endpoint.empty() ? spec.issuer : spec.registration_endpoint;
}

Result<void> check_server_name(const api::ClientRegistrySpec& spec, const backend::HostList& hosts) {
  if (spec.tls.server_name.empty()) return {};
  return hosts.check_name(named_url(spec), spec.tls.server_name);
}

std::optional<RegistryTrouble> trouble_with(const std::string& field, const Result<void>& checked) {
  if (checked) return std::nullopt;
  const bool mistake = checked.error().code != backend::kHostNotAllowedCode;
  return stalled(mistake ? api::reason::kInvalidSpec : api::reason::kHostNotAllowed,
                 "spec." + field + ": " + checked.error().message +
                     (mistake ? "" : "; use a host that is, or have it added there"));
}

}  // namespace

std::optional<RegistryTrouble> check_hosts(const api::ClientRegistrySpec& spec,
                                           const backend::HostList& hosts) {
  for (const auto& [field, url] : urls_of(spec)) {
    if (url.empty()) continue;
    if (auto trouble = trouble_with(field, hosts.check(url))) return trouble;
  }
  return trouble_with("tls.serverName", check_server_name(spec, hosts));
}

}  // namespace apiclient::reconciler
