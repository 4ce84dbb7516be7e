#include "reconciler/desired_client.h"

#include <algorithm>

#include "api/conditions.h"
#include "api/registry_id.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;
using Names = std::vector<std::string>;

bool lists(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Names default_grants(std::string_view type) {
  if (type == "Web") return {"authorization_code", "refresh_token"};
  return type == "Public" ? Names{"authorization_code"} : Names{"client_credentials"};
}

backend::ClientType client_type(std::string_view type) {
  if (type == "Web") return backend::ClientType::web;
  return type == "Public" ? backend::ClientType::public_client : backend::ClientType::machine;
}

std::optional<std::chrono::seconds> in_seconds(const std::optional<std::chrono::milliseconds>& duration) {
  if (!duration) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*duration);
}

Refusal refuse(std::string_view why, std::string message) {
  return {.reason = std::string(why), .message = std::move(message), .stalled = true};
}

std::optional<Refusal> check_grants(const Names& grants, const RegistrySnapshot& registry) {
  for (const std::string& grant : grants) {
    const auto& allowed = registry.spec.allowed_grant_types;
    // RFC 9700 §2.1.2: the implicit grant only where somebody decided so.
    const bool permitted = allowed ? lists(*allowed, grant) : grant != "implicit";
    if (!permitted) {
      return refuse(reason::kGrantTypeNotAllowed,
                    "spec.grantTypes: " + grant + " is not allowed by registry " + registry.name +
                        "; remove it, or have it added to " + "spec.allowedGrantTypes there");
    }
  }
  return std::nullopt;
}

struct AllowList {
  std::string_view field;  ///< of the ApiClient
  std::string_view registry_field;
  std::string_view why;
  const std::optional<Names>& allowed;
  const Names& defaults;
};

std::optional<Refusal> check_listed(const Names& wanted, const AllowList& list,
                                    const RegistrySnapshot& registry) {
  for (const std::string& name : wanted) {
    const bool permitted = lists(list.defaults, name) ||
                           (list.allowed && (lists(*list.allowed, name) || lists(*list.allowed, "*")));
    if (!permitted) {
      return refuse(list.why, std::string(list.field) + ": " + name + " is not allowed by registry " +
                                  registry.name + "; remove it, or have it added to " +
                                  std::string(list.registry_field) + " there");
    }
  }
  return std::nullopt;
}

bool permits(const api::AllowedParameter& rule, const api::RegistryParameter& parameter) {
  if (!rule.values) return true;
  return std::ranges::all_of(parameter.values,
                             [&](const std::string& value) { return lists(*rule.values, value); });
}

std::optional<Refusal> check_parameters(const std::map<std::string, api::RegistryParameter>& parameters,
                                        const RegistrySnapshot& registry) {
  for (const auto& [name, parameter] : parameters) {
    const auto& allowed = registry.spec.allowed_parameters;
    const auto rule = std::ranges::find(allowed, name, &api::AllowedParameter::name);
    if (rule == allowed.end() || !permits(*rule, parameter)) {
      return refuse(reason::kParameterNotAllowed,
                    "spec.registryParameters: " + name + (rule == allowed.end() ? "" : " with this value") +
                        " is not allowed by registry " + registry.name +
                        "; remove it, or have it added to spec.allowedParameters there");
    }
  }
  return std::nullopt;
}

backend::ClientSettings make_settings(const api::ApiClient& client, const RegistrySnapshot& registry) {
  const api::ApiClientSpec& spec = client.spec;
  const std::string default_method = spec.type == "Public" ? "none" : "client_secret_basic";
  backend::ClientSettings settings;
  settings.client_id = spec.adopt ? spec.adopt->client_id
                                  : api::render_client_id(registry.spec, client.meta.key.namespace_name,
                                                          spec.client_id.value_or(client.meta.key.name));
  settings.client_name = spec.display_name;
  settings.type = client_type(spec.type);
  settings.grant_types = spec.grant_types.value_or(default_grants(spec.type));
  settings.redirect_uris = spec.redirect_uris;
  settings.post_logout_redirect_uris = spec.post_logout_redirect_uris;
  settings.allowed_cors_origins = spec.allowed_cors_origins;
  settings.scopes = spec.scopes.value_or(registry.spec.default_scopes);
  settings.audiences = spec.audiences;
  settings.token_endpoint_auth_method = spec.token_endpoint_auth_method.value_or(default_method);
  settings.require_consent = spec.type != "Machine" && spec.require_consent.value_or(true);
  settings.access_token_lifetime = in_seconds(spec.token_lifetimes.access_token);
  settings.refresh_token_lifetime = in_seconds(spec.token_lifetimes.refresh_token);
  settings.id_token_lifetime = in_seconds(spec.token_lifetimes.id_token);
  settings.contacts = spec.contacts;
  settings.client_uri = spec.client_uri;
  settings.logo_uri = spec.logo_uri;
  settings.policy_uri = spec.policy_uri;
  settings.tos_uri = spec.tos_uri;
  settings.jwks_uri = spec.jwks_uri;
  settings.jwks = spec.jwks;
  for (const auto& [name, parameter] : spec.registry_parameters) settings.parameters[name] = parameter.text;
  return backend::normalised(std::move(settings));
}

api::EffectiveSpec make_effective(const api::ApiClient& client, const backend::ClientSettings& settings,
                                  const RegistrySnapshot& registry) {
  api::EffectiveSpec effective;
  effective.client_id = settings.client_id;
  effective.type = client.spec.type;
  effective.grant_types = settings.grant_types;
  effective.scopes = settings.scopes;
  effective.audiences = settings.audiences;
  effective.token_endpoint_auth_method = settings.token_endpoint_auth_method;
  if (client.spec.type != "Machine") effective.require_consent = settings.require_consent;
  effective.secret_name = client.secret_name();
  effective.secret_type = client.spec.secret.type;
  effective.deletion_policy = api::to_string(client.spec.effective_deletion_policy());
  effective.registry = {.kind = std::string(api::registry_kind(registry.name)),
                        .name = api::registry_name(registry.name)};
  return effective;
}

}  // namespace

std::variant<DesiredClient, Refusal> desired_client(const api::ApiClient& client,
                                                    const RegistrySnapshot& registry) {
  const Names none;
  backend::ClientSettings settings = make_settings(client, registry);
  const AllowList scopes{.field = "spec.scopes",
                         .registry_field = "spec.allowedScopes",
                         .why = reason::kScopeNotAllowed,
                         .allowed = registry.spec.allowed_scopes,
                         .defaults = registry.spec.default_scopes};
  const AllowList audiences{.field = "spec.audiences",
                            .registry_field = "spec.allowedAudiences",
                            .why = reason::kAudienceNotAllowed,
                            .allowed = registry.spec.allowed_audiences,
                            .defaults = none};
  std::optional<Refusal> refusal = check_grants(settings.grant_types, registry);
  if (!refusal) refusal = check_listed(settings.scopes, scopes, registry);
  if (!refusal) refusal = check_listed(settings.audiences, audiences, registry);
  if (!refusal) refusal = check_parameters(client.spec.registry_parameters, registry);
  if (refusal) return *refusal;
  api::EffectiveSpec effective = make_effective(client, settings, registry);
  return DesiredClient{.settings = std::move(settings), .effective = std::move(effective)};
}

}  // namespace apiclient::reconciler
