#include "registry/migrations.h"

#include <array>
#include <string>

namespace apiclient::registry {
namespace {

// Times are milliseconds since 1970. `operations` remembers what was carried out; a row whose result was
// deleted stays as a tombstone (deleted_at).
constexpr std::string_view kTables = R"sql(
CREATE TABLE clients (
  client_id TEXT PRIMARY KEY,
  client_name TEXT NOT NULL,
  metadata TEXT NOT NULL,
  installation_id TEXT,
  object_namespace TEXT,
  object_name TEXT,
  uid TEXT,
  mark_revision INTEGER NOT NULL,
  highest_revision INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE secrets (
  secret_id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
  hash BLOB NOT NULL,
  hint TEXT NOT NULL,
  revision INTEGER NOT NULL,
  operation_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;
CREATE INDEX secrets_by_client ON secrets (client_id, revision, created_at);
CREATE TABLE operations (
  operation_id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL,
  value_hash BLOB NOT NULL,
  generated INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX operations_by_client ON operations (client_id);
)sql";

constexpr std::string_view kTombstones = R"sql(
CREATE TABLE client_tombstones (
  client_id TEXT PRIMARY KEY,
  uid TEXT NOT NULL,
  highest_revision INTEGER NOT NULL,
  deleted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX clients_by_owner ON clients (installation_id, client_id);
CREATE INDEX operations_deleted ON operations (deleted_at) WHERE deleted_at IS NOT NULL;
)sql";

constexpr std::string_view kDisabled = R"sql(
ALTER TABLE clients ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::string_view kUsedAssertions = R"sql(
CREATE TABLE used_assertions (
  id_hash BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX used_assertions_by_expiry ON used_assertions (expires_at);
)sql";

constexpr std::string_view kRevokedTokens = R"sql(
CREATE TABLE revoked_tokens (
  token_id TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);
)sql";

// Tokens of the clients that exist may be alive; those of the default lifetime anyway.
constexpr std::string_view kFacts = R"sql(
CREATE TABLE facts (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO facts (name, value) SELECT 'longest_token_lifetime_seconds',
  max(3600, coalesce(max(CAST(json_extract(metadata, '$.access_token_lifetime_seconds') AS INTEGER)), 0))
  FROM clients;
)sql";

constexpr std::array<std::string_view, 6> kMigrations{kTables,         kTombstones,    kDisabled,
                                                      kUsedAssertions, kRevokedTokens, kFacts};

}  // namespace

std::span<const std::string_view> migrations() { return kMigrations; }

Result<void> migrate(Connection& connection) { return migrate_to(connection, kMigrations.size()); }

Result<void> migrate_to(Connection& connection, std::size_t version) {
  SQLite::Database& database = connection.handle();
  for (;;) {
    // The version is read under the write lock: another process may be on the same way.
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    const auto found = static_cast<std::size_t>(database.execAndGet("PRAGMA user_version").getInt());
    if (found > kMigrations.size())
      return fail(ErrorKind::invalid, "the database has schema version " + std::to_string(found) +
                                          ", this program knows " + std::to_string(kMigrations.size()) +
                                          ": start a newer apiclient-registry");
    if (found >= version) return {};
    database.exec(std::string(kMigrations.at(found)));
    database.exec("PRAGMA user_version = " + std::to_string(found + 1));
    transaction.commit();
  }
}

}  // namespace apiclient::registry
