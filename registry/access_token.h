#pragma once
// What goes into an access token (RFC 9068 §2.2) and which scopes are granted (RFC 6749 §3.3). Pure
// functions.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "json/json.h"
#include "registry/client.h"

namespace apiclient::registry {

struct Grant {
  std::string issuer;
  std::string token_id;
  WallTime issued_at{};
  std::chrono::seconds lifetime{3600};
  std::string scope;
  std::vector<std::string> audience;  ///< at least one
};

constexpr std::chrono::seconds kDefaultTokenLifetime{3600};

/// The granted scope: what was asked for, or all of the client's. Empty optional: more than the client has,
/// or not a scope.
std::optional<std::string> granted_scope(const ClientMetadata& client,
                                         std::optional<std::string_view> requested);

/// Whom the token is for (RFC 8707 §2.2): what was asked for, each once; else the client's audiences, or the
/// issuer when it has none. Empty optional: something that is neither of the client's nor the issuer.
std::optional<std::vector<std::string>> granted_audience(const ClientMetadata& client,
                                                         const std::string& issuer,
                                                         const std::vector<std::string>& requested);

Json access_token_claims(const ClientMetadata& client, const Grant& grant);

}  // namespace apiclient::registry
