#pragma once
// Secrets at rest: HMAC-SHA-256 under the key of the key file. Secrets are 256-bit random, so no slow hash is
// needed; without the key file a stolen database tells nothing. Thread-safe.

#include <string>
#include <string_view>

#include "base/secret.h"

namespace apiclient::registry {

class SecretHasher {
 public:
  /// `key`: 32 random bytes.
  explicit SecretHasher(Secret key) : key_(std::move(key)) {}

  /// 32 bytes. Bound to the client id, so that a row moved to another client is worthless.
  [[nodiscard]] std::string hash(std::string_view client_id, std::string_view value) const;

 private:
  const Secret key_;
};

/// Constant time for equal lengths.
[[nodiscard]] bool equal_hashes(std::string_view left, std::string_view right);

}  // namespace apiclient::registry
