#pragma once
// Reads back an access token that this server may have issued. Pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace apiclient::registry {

struct IssuedToken {
  std::string token_id;
  std::string client_id;
  WallTime issued_at{};   ///< whole seconds
  WallTime expires_at{};  ///< likewise
  std::string claims;     ///< all of them, as JSON text
};

/// `key_set`: our published keys. Empty when the token is not an access token of ours (RFC 9068 §4) or its
/// time is over at `now`. Says nothing about revocation.
std::optional<IssuedToken> read_issued_token(std::string_view token, std::string_view key_set,
                                             std::string_view issuer, WallTime now);

}  // namespace apiclient::registry
