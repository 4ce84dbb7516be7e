#pragma once
// What the server says of itself (RFC 8414). Pure functions.

#include <string>

#include "base/result.h"

namespace apiclient::registry {

/// An issuer: http or https, no query, no fragment, no slash at the end.
Result<void> check_issuer(const std::string& issuer);
/// "" or "/path": in front of the endpoints, behind the well-known name (RFC 8414 §3.1).
std::string issuer_path(const std::string& issuer);
/// The document as JSON text. There is no user log-in, so there is no authorization endpoint.
std::string authorization_server_metadata(const std::string& issuer);

}  // namespace apiclient::registry
