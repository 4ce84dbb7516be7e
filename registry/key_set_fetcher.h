#pragma once
// Gets the JWK Set behind a client's jwks_uri: https with the system's roots, or http on loopback; no
// redirects, at most 64 KiB and 2 seconds. Thread-safe.

#include <string>

#include "base/result.h"

namespace apiclient::registry {

/// The set as JSON text. Errors: invalid (URI), unavailable, timeout, protocol (not a JWK Set).
Result<std::string> fetch_key_set(const std::string& uri);

}  // namespace apiclient::registry
