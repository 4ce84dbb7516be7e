#include "registry/used_assertions.h"

#include <chrono>

namespace apiclient::registry {
namespace {

std::int64_t to_millis(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Result<bool> UsedAssertions::use(const std::string& client_id, const std::string& token_id,
                                 WallTime expires_at) {
  // Hashed, so that every row has the same small size.
  const std::string hash = hasher_.hash(client_id, token_id);
  const std::int64_t now = to_millis(clock_.wall_now());
  return database_.write([&](Connection& connection) -> Result<bool> {
    connection.query("DELETE FROM used_assertions WHERE expires_at <= ?").integer(now).run();
    const int added =
        connection.query("INSERT OR IGNORE INTO used_assertions (id_hash, expires_at) VALUES (?, ?)")
            .blob(hash)
            .integer(to_millis(expires_at))
            .run();
    return added == 1;
  });
}

}  // namespace apiclient::registry
