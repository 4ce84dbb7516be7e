#pragma once
// What a client's assertion must say (RFC 7523 §3). Pure functions; the signature is checked elsewhere.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace apiclient::registry {

/// The value of client_assertion_type (RFC 7523 §2.2).
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client that an assertion speaks for, as it says itself; empty when it is not readable.
std::optional<std::string> claimed_client(std::string_view assertion);

struct AssertionRules {
  std::string client_id;
  std::vector<std::string> audiences;  ///< any of them will do
  WallTime now{};
};

struct AssertionClaims {
  std::string token_id;
  WallTime expires_at{};  ///< tolerance included: until then it could be presented again
};

/// `payload` of a signed assertion. iss = sub = the client; aud one of ours; exp at most ten minutes ahead;
/// nbf and iat not in the future; iat at most an hour old; jti of 1 to 256 bytes. Half a minute of tolerance.
/// Errors: unauthorized; the message names the claim and never its value.
Result<AssertionClaims> check_assertion(std::string_view payload, const AssertionRules& rules);

}  // namespace apiclient::registry
