#include "backend/client.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "json/json.h"

namespace apiclient::backend {
namespace {

constexpr std::array<std::pair<ClientType, std::string_view>, 3> kTypes{{
    {ClientType::machine, "machine"},
    {ClientType::web, "web"},
    {ClientType::public_client, "public"},
}};

void make_set(std::vector<std::string>& texts) {
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

}  // namespace

std::string_view to_string(ClientType type) {
  return std::ranges::find(kTypes, type, &std::pair<ClientType, std::string_view>::first)->second;
}

std::optional<ClientType> read_client_type(std::string_view name) {
  for (const auto& [type, known] : kTypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

std::string join_scopes(const std::vector<std::string>& scopes) {
  std::string text;
  for (const std::string& scope : scopes) text.append(text.empty() ? "" : " ").append(scope);
  return text;
}

std::vector<std::string> split_scopes(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const std::string_view scope = text.substr(0, text.find(' '));
    if (!scope.empty()) scopes.emplace_back(scope);
    text.remove_prefix(std::min(scope.size() + 1, text.size()));
  }
  return scopes;
}

ClientSettings normalised(ClientSettings settings) {
  make_set(settings.grant_types);
  make_set(settings.redirect_uris);
  make_set(settings.post_logout_redirect_uris);
  make_set(settings.allowed_cors_origins);
  make_set(settings.scopes);
  make_set(settings.audiences);
  make_set(settings.contacts);
  // Text that is not JSON stays as it is: whoever sends it finds out.
  if (const auto jwks = json::parse(settings.jwks)) settings.jwks = json::dump(*jwks);
  return settings;
}

std::vector<std::string> differing_fields(const ClientSettings& one, const ClientSettings& other) {
  std::vector<std::string> fields;
  const auto compare = [&](const char* field, auto member) {
    if (one.*member != other.*member) fields.emplace_back(std::string("spec.") + field);
  };
  compare("displayName", &ClientSettings::client_name);
  compare("grantTypes", &ClientSettings::grant_types);
  compare("redirectUris", &ClientSettings::redirect_uris);
  compare("postLogoutRedirectUris", &ClientSettings::post_logout_redirect_uris);
  compare("allowedCorsOrigins", &ClientSettings::allowed_cors_origins);
  compare("scopes", &ClientSettings::scopes);
  compare("audiences", &ClientSettings::audiences);
  compare("tokenEndpointAuthMethod", &ClientSettings::token_endpoint_auth_method);
  compare("contacts", &ClientSettings::contacts);
  compare("clientUri", &ClientSettings::client_uri);
  compare("logoUri", &ClientSettings::logo_uri);
  compare("policyUri", &ClientSettings::policy_uri);
  compare("tosUri", &ClientSettings::tos_uri);
  compare("jwksUri", &ClientSettings::jwks_uri);
  compare("jwks", &ClientSettings::jwks);
  compare("registryParameters", &ClientSettings::parameters);
  return fields;
}

}  // namespace apiclient::backend
