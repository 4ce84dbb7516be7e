#pragma once
// Which assertions were used and could be presented again (RFC 7523 §3, "jti"). Durable, so that a restart
// opens no gap; bounded, because only what a client's key has signed gets here and each is forgotten when it
// expires. Thread-safe.

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "registry/database.h"
#include "registry/secret_hasher.h"

namespace apiclient::registry {

class UsedAssertions {
 public:
  /// References are not owned and live longer.
  UsedAssertions(Database& database, const SecretHasher& hasher, const Clock& clock)
      : database_(database), hasher_(hasher), clock_(clock) {}

  /// True the first time; false when this client used the id before and it has not expired since.
  Result<bool> use(const std::string& client_id, const std::string& token_id, WallTime expires_at);

 private:
  Database& database_;
  const SecretHasher& hasher_;
  const Clock& clock_;
};

}  // namespace apiclient::registry
