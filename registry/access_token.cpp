#include "registry/access_token.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace apiclient::registry {
namespace {

/// RFC 7519 §4.1.3: one audience may stand alone.
Json write_audience(const std::vector<std::string>& audience) {
  if (audience.size() == 1) return audience.front();
  return audience;
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::ranges::find(texts, text) != texts.end();
}

std::int64_t seconds_since_epoch(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::optional<std::string> granted_scope(const ClientMetadata& client,
                                         std::optional<std::string_view> requested) {
  if (!requested) return join_scopes(client.scopes);
  std::vector<std::string> granted;
  for (auto& scope : split_scopes(*requested)) {
    if (std::ranges::find(client.scopes, scope) == client.scopes.end()) return std::nullopt;
    if (std::ranges::find(granted, scope) == granted.end()) granted.push_back(std::move(scope));
  }
  return join_scopes(granted);
}

std::optional<std::vector<std::string>> granted_audience(const ClientMetadata& client,
                                                         const std::string& issuer,
                                                         const std::vector<std::string>& requested) {
  if (requested.empty()) return client.audience.empty() ? std::vector{issuer} : client.audience;
  std::vector<std::string> granted;
  for (const auto& resource : requested) {
    if (resource != issuer && !contains(client.audience, resource)) return std::nullopt;
    if (!contains(granted, resource)) granted.push_back(resource);
  }
  return granted;
}

Json access_token_claims(const ClientMetadata& client, const Grant& grant) {
  const std::int64_t issued_at = seconds_since_epoch(grant.issued_at);
  Json claims{{"iss", grant.issuer},
              {"sub", client.client_id},
              {"client_id", client.client_id},
              {"aud", write_audience(grant.audience)},
              {"iat", issued_at},
              {"exp", issued_at + grant.lifetime.count()},
              {"jti", grant.token_id}};
  if (!grant.scope.empty()) claims["scope"] = grant.scope;
  return claims;
}

}  // namespace apiclient::registry
