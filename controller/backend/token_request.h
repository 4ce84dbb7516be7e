#pragma once
// The question "is this secret right?" as a token request, and what its answer means. Pure functions.

#include <string_view>

#include "backend/client.h"
#include "backend/credential_verifier.h"
#include "base/result.h"
#include "http/message.h"

namespace apiclient::backend {

/// RFC 6749 §2.3.1 and §4.4.2, or §6 with a refresh token that nobody issued. `path` is the endpoint's.
/// Error: invalid (the client's authentication method has no secret).
Result<http::Request> make_token_request(const ClientSettings& settings, const Secret& secret,
                                         std::string_view path);

/// Overwrites what holds the secret.
void wipe_token_request(http::Request& request);

/// A token, or an error that a server gives only to a client that it has authenticated (RFC 6749 §5.2), means
/// accepted; `invalid_client` means rejected; anything else says nothing.
Verdict verdict_of(const http::Response& response);

}  // namespace apiclient::backend
