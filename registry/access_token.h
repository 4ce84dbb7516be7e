#pragma once
// What goes into an access token (RFC 9068 §2.2) and which scopes are granted (RFC 6749 §3.3). Pure
// functions.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

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
};

constexpr std::chrono::seconds kDefaultTokenLifetime{3600};

/// The granted scope: what was asked for, or all of the client's. Empty optional: more than the client has,
/// or not a scope.
std::optional<std::string> granted_scope(const ClientMetadata& client,
                                         std::optional<std::string_view> requested);

/// The audience is the client's, or the issuer when it has none.
Json access_token_claims(const ClientMetadata& client, const Grant& grant);

}  // namespace apiclient::registry
