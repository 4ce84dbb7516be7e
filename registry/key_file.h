#pragma once
// The key file: one JSON document with the key that hashes secrets and the key that signs tokens. Losing it
// makes every stored secret and every issued token worthless, so it is created only when that is asked for.

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace apiclient::registry {

struct Keys {
  Secret hash_key;     ///< 32 bytes
  Secret signing_key;  ///< private JWK
  bool readable_by_others = false;
  bool created = false;
};

/// `{"version": 1, "hash_key": "<base64url>", "signing_key": {…JWK…}}`.
Result<Keys> load_keys(const std::string& path, bool create_missing);

}  // namespace apiclient::registry
