#include "registry/revoked_tokens.h"

#include <chrono>

namespace apiclient::registry {
namespace {

std::int64_t to_millis(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Result<void> RevokedTokens::revoke(const std::string& token_id, WallTime expires_at) {
  const std::int64_t now = to_millis(clock_.wall_now());
  return database_.write([&](Connection& connection) -> Result<void> {
    connection.query("DELETE FROM revoked_tokens WHERE expires_at <= ?").integer(now).run();
    connection.query("INSERT OR IGNORE INTO revoked_tokens (token_id, expires_at) VALUES (?, ?)")
        .text(token_id)
        .integer(to_millis(expires_at))
        .run();
    return {};
  });
}

Result<bool> RevokedTokens::contains(const std::string& token_id) {
  return database_.read([&](Connection& connection) -> Result<bool> {
    Query query = connection.query("SELECT 1 FROM revoked_tokens WHERE token_id = ?");
    query.text(token_id);
    return query.next();
  });
}

}  // namespace apiclient::registry
