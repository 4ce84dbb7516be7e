#pragma once
// Access tokens that were revoked before their time (RFC 7009). Durable; each is forgotten when it would have
// expired anyway. Thread-safe.

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "registry/database.h"

namespace apiclient::registry {

class RevokedTokens {
 public:
  /// References are not owned and live longer.
  RevokedTokens(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// May be repeated.
  Result<void> revoke(const std::string& token_id, WallTime expires_at);
  Result<bool> contains(const std::string& token_id);

 private:
  Database& database_;
  const Clock& clock_;
};

}  // namespace apiclient::registry
