#include "registry/access_token.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace apiclient::registry {
namespace {

Json audience_of(const ClientMetadata& client, const std::string& issuer) {
  if (client.audience.empty()) return issuer;
  if (client.audience.size() == 1) return client.audience.front();
  return client.audience;
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

Json access_token_claims(const ClientMetadata& client, const Grant& grant) {
  const std::int64_t issued_at = seconds_since_epoch(grant.issued_at);
  Json claims{{"iss", grant.issuer},
              {"sub", client.client_id},
              {"client_id", client.client_id},
              {"aud", audience_of(client, grant.issuer)},
              {"iat", issued_at},
              {"exp", issued_at + grant.lifetime.count()},
              {"jti", grant.token_id}};
  if (!grant.scope.empty()) claims["scope"] = grant.scope;
  return claims;
}

}  // namespace apiclient::registry
