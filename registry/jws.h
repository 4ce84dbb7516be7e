#pragma once
// Signed texts in compact serialisation (RFC 7515): taking one apart, and checking its signature. Pure
// functions. Hides cjose.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiclient::registry {

struct JwsHeader {
  std::string alg;
  std::string kid;  ///< empty: not named
  std::string typ;
};

struct ParsedJws {
  JwsHeader header;
  std::string payload;  ///< a JSON object; nobody vouches for it yet
};

/// At most 16 KiB. Empty when it is not a JWS with a JSON object inside, or has extensions that must be
/// understood ("crit", RFC 7515 §4.1.11): we know none.
std::optional<ParsedJws> parse_jws(std::string_view compact);

/// The public keys of a JWK Set (RFC 7517 §5) that may have made this signature, as JSON texts: of the right
/// kind, not meant for something else, and of the named id when there is one. ES256 (P-256), RS256 and PS256
/// (2048 to 8192 bits) are known; any other algorithm has no keys.
std::vector<std::string> keys_for(const JwsHeader& header, std::string_view key_set);

/// `public_jwk` is one of `keys_for`.
bool is_signed_by(std::string_view compact, std::string_view public_jwk);

}  // namespace apiclient::registry
