#include "registry/client_rows.h"

#include <chrono>

#include "registry/client_codec.h"

namespace apiclient::registry {
namespace {

std::int64_t to_millis(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_millis(std::int64_t millis) { return WallTime(std::chrono::milliseconds(millis)); }

/// Columns as every select of this file names them.
Result<ClientRow> read_client_row(const Query& row) {
  ClientRow result;
  ASSIGN_OR_RETURN(result.client.metadata, decode_metadata(row.text_at(0)));
  if (!row.null_at(1))
    result.client.mark = OwnershipMark{.installation_id = row.text_at(1),
                                       .object_namespace = row.text_at(2),
                                       .object_name = row.text_at(3),
                                       .uid = row.text_at(4),
                                       .revision = row.integer_at(5)};
  result.highest_revision = row.integer_at(6);
  result.client.version = row.integer_at(7);
  result.client.created_at = from_millis(row.integer_at(8));
  result.client.updated_at = from_millis(row.integer_at(9));
  result.client.disabled = row.integer_at(10) != 0;
  return result;
}

/// Binds what `insert_client` and `update_client` have in common, in the order of their columns.
void bind_client(Query& query, const ClientRow& row) {
  const auto& mark = row.client.mark;
  const auto part = [&](const std::string OwnershipMark::*member) {
    return mark ? std::optional<std::string_view>((*mark).*member) : std::nullopt;
  };
  query.text(row.client.metadata.client_name)
      .text(encode_metadata(row.client.metadata))
      .optional_text(part(&OwnershipMark::installation_id))
      .optional_text(part(&OwnershipMark::object_namespace))
      .optional_text(part(&OwnershipMark::object_name))
      .optional_text(part(&OwnershipMark::uid))
      .integer(mark ? mark->revision : 0)
      .integer(row.highest_revision)
      .integer(row.client.version)
      .integer(to_millis(row.client.updated_at))
      .integer(row.client.disabled ? 1 : 0);
}

std::string like_pattern(std::string_view part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace

Result<std::optional<ClientRow>> find_client(Connection& connection, std::string_view client_id) {
  Query query = connection.query(
      "SELECT metadata, installation_id, object_namespace, object_name, uid, mark_revision, "
      "highest_revision, "
      "version, created_at, updated_at, disabled FROM clients WHERE client_id = ?");
  query.text(client_id);
  if (!query.next()) return std::optional<ClientRow>{};
  ASSIGN_OR_RETURN(ClientRow row, read_client_row(query));
  row.client.secrets = secrets_of(connection, client_id);
  return std::optional<ClientRow>(std::move(row));
}

Result<std::vector<ClientRecord>> list_clients(Connection& connection, const PageQuery& page) {
  Query query = connection.query(
      "SELECT metadata, installation_id, object_namespace, object_name, uid, mark_revision, "
      "highest_revision, "
      "version, created_at, updated_at, disabled FROM clients WHERE client_id > ?1 "
      "AND (?2 = '' OR installation_id = ?2) "
      "AND (?3 = '%%' OR client_id LIKE ?3 ESCAPE '\\' OR client_name LIKE ?3 ESCAPE '\\') "
      "ORDER BY client_id LIMIT ?4");
  query.text(page.after).text(page.owner).text(like_pattern(page.search));
  query.integer(static_cast<std::int64_t>(page.limit));
  std::vector<ClientRecord> clients;
  while (query.next()) {
    ASSIGN_OR_RETURN(ClientRow row, read_client_row(query));
    row.client.secrets = secrets_of(connection, row.client.metadata.client_id);
    clients.push_back(std::move(row.client));
  }
  return clients;
}

RowCounts count_rows(Connection& connection) {
  Query query = connection.query(
      "SELECT (SELECT count(*) FROM clients), (SELECT count(*) FROM clients WHERE disabled = 1), "
      "(SELECT count(*) FROM secrets)");
  if (!query.next()) return {};
  return {.clients = query.integer_at(0),
          .disabled_clients = query.integer_at(1),
          .secrets = query.integer_at(2)};
}

void insert_client(Connection& connection, const ClientRow& row) {
  Query query = connection.query(
      "INSERT INTO clients (client_name, metadata, installation_id, object_namespace, object_name, uid, "
      "mark_revision, highest_revision, version, updated_at, disabled, client_id, created_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  bind_client(query, row);
  query.text(row.client.metadata.client_id).integer(to_millis(row.client.created_at)).run();
}

void update_client(Connection& connection, const ClientRow& row) {
  Query query = connection.query(
      "UPDATE clients SET client_name = ?, metadata = ?, installation_id = ?, object_namespace = ?, "
      "object_name = ?, uid = ?, mark_revision = ?, highest_revision = ?, version = ?, updated_at = ?, "
      "disabled = ? "
      "WHERE client_id = ?");
  bind_client(query, row);
  query.text(row.client.metadata.client_id).run();
}

void delete_client(Connection& connection, std::string_view client_id) {
  connection.query("DELETE FROM clients WHERE client_id = ?").text(client_id).run();
}

std::vector<SecretRecord> secrets_of(Connection& connection, std::string_view client_id) {
  Query query = connection.query(
      "SELECT secret_id, hint, revision, operation_id, created_at, last_used_at FROM secrets "
      "WHERE client_id = ? ORDER BY revision, created_at, rowid");
  query.text(client_id);
  std::vector<SecretRecord> secrets;
  while (query.next()) {
    SecretRecord secret{.id = query.text_at(0),
                        .hint = query.text_at(1),
                        .revision = query.integer_at(2),
                        .operation_id = query.text_at(3),
                        .created_at = from_millis(query.integer_at(4)),
                        .last_used_at = {}};
    if (!query.null_at(5)) secret.last_used_at = from_millis(query.integer_at(5));
    secrets.push_back(std::move(secret));
  }
  return secrets;
}

std::vector<SecretHash> secret_hashes_of(Connection& connection, std::string_view client_id) {
  Query query = connection.query("SELECT secret_id, hash FROM secrets WHERE client_id = ?");
  query.text(client_id);
  std::vector<SecretHash> hashes;
  while (query.next()) hashes.push_back({query.text_at(0), query.blob_at(1)});
  return hashes;
}

void insert_secret(Connection& connection, std::string_view client_id, const SecretRecord& secret,
                   std::string_view hash) {
  connection
      .query(
          "INSERT INTO secrets (secret_id, client_id, hash, hint, revision, operation_id, created_at) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)")
      .text(secret.id)
      .text(client_id)
      .blob(hash)
      .text(secret.hint)
      .integer(secret.revision)
      .text(secret.operation_id)
      .integer(to_millis(secret.created_at))
      .run();
}

void delete_secret(Connection& connection, std::string_view secret_id) {
  connection.query("DELETE FROM secrets WHERE secret_id = ?").text(secret_id).run();
}

void set_last_used(Connection& connection, std::string_view secret_id, WallTime at) {
  connection.query("UPDATE secrets SET last_used_at = ? WHERE secret_id = ?")
      .integer(to_millis(at))
      .text(secret_id)
      .run();
}

std::optional<OperationRecord> find_operation(Connection& connection, std::string_view operation_id) {
  Query query = connection.query(
      "SELECT client_id, value_hash, generated, deleted_at FROM operations WHERE operation_id = ?");
  query.text(operation_id);
  if (!query.next()) return std::nullopt;
  return OperationRecord{.operation_id = std::string(operation_id),
                         .client_id = query.text_at(0),
                         .value_hash = query.blob_at(1),
                         .generated = query.integer_at(2) != 0,
                         .deleted = !query.null_at(3)};
}

void insert_operation(Connection& connection, const OperationRecord& operation, WallTime now) {
  connection
      .query(
          "INSERT INTO operations (operation_id, client_id, value_hash, generated, created_at) "
          "VALUES (?, ?, ?, ?, ?)")
      .text(operation.operation_id)
      .text(operation.client_id)
      .blob(operation.value_hash)
      .integer(operation.generated ? 1 : 0)
      .integer(to_millis(now))
      .run();
}

void bury_operation(Connection& connection, std::string_view operation_id, WallTime now) {
  connection.query("UPDATE operations SET deleted_at = ? WHERE operation_id = ? AND deleted_at IS NULL")
      .integer(to_millis(now))
      .text(operation_id)
      .run();
}

void bury_operations_of(Connection& connection, std::string_view client_id, WallTime now) {
  connection.query("UPDATE operations SET deleted_at = ? WHERE client_id = ? AND deleted_at IS NULL")
      .integer(to_millis(now))
      .text(client_id)
      .run();
}

std::optional<Tombstone> find_tombstone(Connection& connection, std::string_view client_id) {
  Query query = connection.query("SELECT uid, highest_revision FROM client_tombstones WHERE client_id = ?");
  query.text(client_id);
  if (!query.next()) return std::nullopt;
  return Tombstone{.uid = query.text_at(0), .highest_revision = query.integer_at(1)};
}

void put_tombstone(Connection& connection, std::string_view client_id, const Tombstone& tombstone,
                   WallTime now) {
  connection
      .query(
          "INSERT INTO client_tombstones (client_id, uid, highest_revision, deleted_at) VALUES (?, ?, ?, ?) "
          "ON CONFLICT (client_id) DO UPDATE SET uid = excluded.uid, "
          "highest_revision = excluded.highest_revision, deleted_at = excluded.deleted_at")
      .text(client_id)
      .text(tombstone.uid)
      .integer(tombstone.highest_revision)
      .integer(to_millis(now))
      .run();
}

void forget_deleted_before(Connection& connection, WallTime limit) {
  connection.query("DELETE FROM operations WHERE deleted_at < ?").integer(to_millis(limit)).run();
  connection.query("DELETE FROM client_tombstones WHERE deleted_at < ?").integer(to_millis(limit)).run();
}

}  // namespace apiclient::registry
