#pragma once
// Which clients the registry accepts: RFC 7591 §2, RFC 8252 §7 and §8, RFC 9700. Pure functions.

#include <string_view>

#include "json/reader.h"
#include "registry/client.h"

namespace apiclient::registry {

/// 1 to 200 characters of [A-Za-z0-9._~:-], beginning with a letter or digit: no encoding changes them.
[[nodiscard]] bool is_client_id(std::string_view text);
/// 1 to 128 characters of [A-Za-z0-9._:-].
[[nodiscard]] bool is_operation_id(std::string_view text);
/// 43 to 256 characters of [A-Za-z0-9_-]: at least 256 bits when drawn at random.
[[nodiscard]] bool is_secret_value(std::string_view text);
/// RFC 6749 §3.3.
[[nodiscard]] bool is_scope_token(std::string_view text);

/// Where we would fetch a key set from: https, or http on loopback; not longer than 2048 bytes.
[[nodiscard]] bool is_key_set_uri(std::string_view text);

/// Adds every mistake to `problems`.
void check_client(const ClientMetadata& metadata, json::Problems& problems);

}  // namespace apiclient::registry
