#include "registry/token_lifetimes.h"

namespace apiclient::registry {

Result<std::unique_ptr<TokenLifetimes>> TokenLifetimes::load(Database& database) {
  ASSIGN_OR_RETURN(const auto longest, database.read([](Connection& connection) -> Result<std::int64_t> {
    Query query = connection.query("SELECT value FROM facts WHERE name = 'longest_token_lifetime_seconds'");
    return query.next() ? query.integer_at(0) : 0;
  }));
  return std::unique_ptr<TokenLifetimes>(new TokenLifetimes(database, longest));
}

Result<void> TokenLifetimes::note(std::chrono::seconds lifetime) {
  if (lifetime.count() <= longest_) return {};
  return database_.write([&](Connection& connection) -> Result<void> {
    connection
        .query(
            "INSERT INTO facts (name, value) VALUES ('longest_token_lifetime_seconds', ?1) "
            "ON CONFLICT (name) DO UPDATE SET value = max(value, ?1)")
        .integer(lifetime.count())
        .run();
    // Under the write lock: a shorter one cannot overtake a longer one.
    if (lifetime.count() > longest_) longest_ = lifetime.count();
    return {};
  });
}

}  // namespace apiclient::registry
