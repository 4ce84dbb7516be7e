#pragma once
// Client metadata of dynamic registration (RFC 7591 §2, §3.2.1; RFC 7592 §3; OpenID Connect Registration 1.0
// §2 and RP-Initiated Logout 1.0 §3.1 for two members) to our values and back. Pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "backend/client.h"
#include "base/result.h"
#include "base/secret.h"

namespace apiclient::backend::registration {

/// Body of a registration (`client_id` empty: the server picks it), or of an update, which replaces
/// everything. No secret is in it. Error: invalid (`jwks` is not JSON, something that the metadata has no
/// place for, or a parameter that names a member of ours).
Result<std::string> write_metadata(const ClientSettings& settings, const std::string& client_id = {});

/// A client information response.
struct Answer {
  /// As the server has it; what the metadata has no place for is as in the request.
  ClientSettings settings = {};
  Secret client_secret = {};
  Secret access_token = {};
  std::string management_uri = {};
  std::optional<WallTime> issued_at = {};
  bool secret_expires = false;
  /// SHA-256 of the answer without what changes by itself: equal answers say the same about the client.
  std::string digest = {};
};

/// `requested`: what the server was asked for. Error: protocol.
Result<Answer> read_answer(std::string_view body, const ClientSettings& requested);

}  // namespace apiclient::backend::registration
