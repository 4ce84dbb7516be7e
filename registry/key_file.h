#pragma once
// The key file: one JSON document with the key that hashes secrets and the key that signs tokens. Losing it
// makes every stored secret and every issued token worthless, so it is created only when that is asked for.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace apiclient::registry {

/// A key that signs no more; tokens that it has signed may live for a while.
struct PreviousKey {
  std::string public_jwk;  ///< JSON text; the private part is gone
  WallTime retired_at{};
};

struct Keys {
  Secret hash_key;     ///< 32 bytes
  Secret signing_key;  ///< private JWK
  std::vector<PreviousKey> previous;
  bool readable_by_others = false;
  bool created = false;
};

/// `{"version": 1, "hash_key": "<base64url>", "signing_key": {…JWK…}, "previous_signing_keys": [{"jwk": {…},
/// "retired_at": "…"}]}`; the last member may be missing.
Result<Keys> load_keys(const std::string& path, bool create_missing);

/// A new key signs from now on, the one before is kept without its private part; the hash key stays. The file
/// is replaced as a whole. The id of the new key.
Result<std::string> rotate_signing_key(const std::string& path, WallTime now);

}  // namespace apiclient::registry
