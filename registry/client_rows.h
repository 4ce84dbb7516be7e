#pragma once
// The SQL of the store: one function per statement, no decisions. Throws SQLite::Exception; not thread-safe
// (runs inside a transaction of `Database`).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/client.h"
#include "registry/connection.h"
#include "registry/write_rules.h"

namespace apiclient::registry {

struct ClientRow {
  ClientRecord client;
  std::int64_t highest_revision = 0;
};

struct SecretHash {
  std::string secret_id;
  std::string hash;
};

struct Tombstone {
  std::string uid;
  std::int64_t highest_revision = 0;
};

/// Which page of the list: `owner` is an installation id, `search` a part of the id or the name.
struct PageQuery {
  std::string after;
  std::string search;
  std::string owner;
  std::size_t limit = 100;
};

Result<std::optional<ClientRow>> find_client(Connection& connection, std::string_view client_id);
Result<std::vector<ClientRecord>> list_clients(Connection& connection, const PageQuery& page);
struct RowCounts {
  std::int64_t clients = 0;
  std::int64_t disabled_clients = 0;
  std::int64_t secrets = 0;
};
RowCounts count_rows(Connection& connection);
void insert_client(Connection& connection, const ClientRow& row);
void update_client(Connection& connection, const ClientRow& row);
void delete_client(Connection& connection, std::string_view client_id);

std::vector<SecretRecord> secrets_of(Connection& connection, std::string_view client_id);
std::vector<SecretHash> secret_hashes_of(Connection& connection, std::string_view client_id);
void insert_secret(Connection& connection, std::string_view client_id, const SecretRecord& secret,
                   std::string_view hash);
void delete_secret(Connection& connection, std::string_view secret_id);
void set_last_used(Connection& connection, std::string_view secret_id, WallTime at);

std::optional<OperationRecord> find_operation(Connection& connection, std::string_view operation_id);
void insert_operation(Connection& connection, const OperationRecord& operation, WallTime now);
void bury_operation(Connection& connection, std::string_view operation_id, WallTime now);
void bury_operations_of(Connection& connection, std::string_view client_id, WallTime now);

std::optional<Tombstone> find_tombstone(Connection& connection, std::string_view client_id);
void put_tombstone(Connection& connection, std::string_view client_id, const Tombstone& tombstone,
                   WallTime now);
/// Forgets operations and tombstones that were deleted before `limit`.
void forget_deleted_before(Connection& connection, WallTime limit);

}  // namespace apiclient::registry
