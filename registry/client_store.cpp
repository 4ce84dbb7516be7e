#include "registry/client_store.h"

#include <algorithm>

#include "base/random.h"
#include "registry/client_codec.h"
#include "registry/problem.h"

namespace apiclient::registry {
namespace {

Failure no_such_client(std::string_view client_id) {
  return refuse(Problem::not_found, "there is no client " + std::string(client_id));
}

Result<ClientRow> get_client(Connection& connection, std::string_view client_id) {
  ASSIGN_OR_RETURN(auto row, find_client(connection, client_id));
  if (!row) return no_such_client(client_id);
  return *std::move(row);
}

OperationRequest request_of(const OperationRecord& operation) {
  return {
      .client_id = operation.client_id, .value_hash = operation.value_hash, .generated = operation.generated};
}

/// What is known of an operation; nothing of one without an id.
std::optional<OperationRecord> find_known(Connection& connection, std::string_view operation_id) {
  return operation_id.empty() ? std::nullopt : find_operation(connection, operation_id);
}

/// The secret that an operation made before.
Result<Written<SecretRecord>> stored_secret(const ClientRecord& client, const std::string& operation_id) {
  const auto stored = std::ranges::find(client.secrets, operation_id, &SecretRecord::operation_id);
  if (stored != client.secrets.end()) return Written<SecretRecord>{*stored, true};
  return refuse(Problem::operation_conflict, "operation " + operation_id + " made no secret");
}

/// True when `replace` has nothing to write.
bool is_same(const ClientRecord& stored, const ClientMetadata& metadata,
             const std::optional<OwnershipMark>& mark) {
  return (!mark || mark == stored.mark) && encode_metadata(metadata) == encode_metadata(stored.metadata);
}

/// A change of the client that others may have read: a new entity tag.
void touch(ClientRow& row, WallTime now) {
  ++row.client.version;
  row.client.updated_at = now;
}

void see_revision(ClientRow& row, std::int64_t revision) {
  row.highest_revision = std::max(row.highest_revision, revision);
}

/// Without a mark the stored one stays. The first one begins at the highest revision that was seen, so that
/// its owner knows which comes next.
void move_mark(ClientRow& row, const std::optional<OwnershipMark>& mark) {
  if (!mark) return;
  const bool first = !row.client.mark;
  row.client.mark = mark;
  if (first) row.client.mark->revision = std::max(mark->revision, row.highest_revision);
  see_revision(row, mark->revision);
}

void end_secrets(Connection& connection, const std::vector<SecretRecord>& secrets, WallTime now) {
  for (const SecretRecord& secret : secrets) {
    delete_secret(connection, secret.id);
    bury_operation(connection, secret.operation_id, now);
  }
}

}  // namespace

OperationRecord ClientStore::operation_of(std::string_view client_id, std::string_view operation_id,
                                          const NewSecret* secret) const {
  return {.operation_id = std::string(operation_id),
          .client_id = std::string(client_id),
          .value_hash = secret != nullptr ? hasher_.hash(client_id, secret->value.reveal()) : "",
          .generated = secret != nullptr && secret->generated};
}

Result<Written<ClientRecord>> ClientStore::create(const NewClient& request) {
  const NewSecret* secret = request.secret ? &*request.secret : nullptr;
  const OperationRecord operation = operation_of(request.metadata.client_id, request.operation_id, secret);
  return database_.write([&](Connection& connection) { return create_in(connection, request, operation); });
}

Result<Written<ClientRecord>> ClientStore::create_in(Connection& connection, const NewClient& request,
                                                     const OperationRecord& operation) {
  const std::string& client_id = request.metadata.client_id;
  ASSIGN_OR_RETURN(const bool replay,
                   is_replay(find_known(connection, request.operation_id), request_of(operation)));
  ASSIGN_OR_RETURN(auto existing, find_client(connection, client_id));
  if (existing && replay) return Written<ClientRecord>{std::move(existing->client), true};
  if (existing) return refuse(Problem::already_exists, "client " + client_id + " exists");
  ASSIGN_OR_RETURN(ClientRecord client, insert(connection, request));
  if (request.secret)
    client.secrets.push_back(store_secret(connection, client_id, *request.secret, operation));
  else if (!request.operation_id.empty())
    insert_operation(connection, operation, client.created_at);
  return Written<ClientRecord>{std::move(client), false};
}

Result<ClientRecord> ClientStore::insert(Connection& connection, const NewClient& request) {
  if (request.secret) RETURN_IF_ERROR(check_secret_allowed(request.metadata, 0, options_.max_secrets));
  ClientRow row{.client = {.metadata = request.metadata, .mark = request.mark, .version = 1, .secrets = {}},
                .highest_revision = 0};
  if (row.client.mark && request.secret)
    row.client.mark->revision = std::max(row.client.mark->revision, request.secret->revision);
  if (const auto tombstone = find_tombstone(connection, request.metadata.client_id))
    RETURN_IF_ERROR(check_return(row.client.mark, tombstone->uid, tombstone->highest_revision));
  row.client.created_at = row.client.updated_at = clock_.wall_now();
  see_revision(row, row.client.mark ? row.client.mark->revision : 0);
  see_revision(row, request.secret ? request.secret->revision : 0);
  insert_client(connection, row);
  return std::move(row.client);
}

SecretRecord ClientStore::store_secret(Connection& connection, std::string_view client_id,
                                       const NewSecret& secret, const OperationRecord& operation) {
  SecretRecord record{.id = random_id(),
                      .hint = hint_of(secret.value),
                      .revision = secret.revision,
                      .operation_id = secret.operation_id,
                      .created_at = clock_.wall_now(),
                      .last_used_at = {}};
  insert_secret(connection, client_id, record, operation.value_hash);
  insert_operation(connection, operation, record.created_at);
  return record;
}

Result<ClientRecord> ClientStore::replace(const ClientMetadata& metadata,
                                          const std::optional<OwnershipMark>& mark,
                                          const Preconditions& preconditions) {
  return database_.write([&](Connection& connection) -> Result<ClientRecord> {
    ASSIGN_OR_RETURN(ClientRow row, get_client(connection, metadata.client_id));
    RETURN_IF_ERROR(check_preconditions(row.client, preconditions));
    RETURN_IF_ERROR(check_mark_change(row.client.mark, mark));
    if (is_same(row.client, metadata, mark)) return std::move(row.client);
    row.client.metadata = metadata;
    move_mark(row, mark);
    touch(row, clock_.wall_now());
    update_client(connection, row);
    return std::move(row.client);
  });
}

Result<ClientRecord> ClientStore::set_disabled(std::string_view client_id, bool disabled,
                                               const Preconditions& preconditions) {
  return database_.write([&](Connection& connection) -> Result<ClientRecord> {
    ASSIGN_OR_RETURN(ClientRow row, get_client(connection, client_id));
    RETURN_IF_ERROR(check_preconditions(row.client, preconditions));
    if (row.client.disabled == disabled) return std::move(row.client);
    row.client.disabled = disabled;
    touch(row, clock_.wall_now());
    update_client(connection, row);
    return std::move(row.client);
  });
}

Result<void> ClientStore::remove(std::string_view client_id, const std::optional<std::string>& uid) {
  const WallTime now = clock_.wall_now();
  return database_.write([&](Connection& connection) -> Result<void> {
    ASSIGN_OR_RETURN(const ClientRow row, get_client(connection, client_id));
    RETURN_IF_ERROR(check_preconditions(row.client, {.owner_uid = uid, .etag = {}}));
    delete_client(connection, client_id);
    bury_operations_of(connection, client_id, now);
    if (row.client.mark)
      put_tombstone(connection, client_id, {row.client.mark->uid, row.highest_revision}, now);
    forget_deleted_before(connection, now - options_.remember_deleted);
    return {};
  });
}

Result<Written<SecretRecord>> ClientStore::add_secret(std::string_view client_id, const NewSecret& secret,
                                                      const Preconditions& preconditions, Others others) {
  const OperationRecord operation = operation_of(client_id, secret.operation_id, &secret);
  return database_.write([&](Connection& connection) -> Result<Written<SecretRecord>> {
    const auto known = find_operation(connection, secret.operation_id);
    ASSIGN_OR_RETURN(const bool replay, is_replay(known, request_of(operation)));
    ASSIGN_OR_RETURN(ClientRow row, get_client(connection, client_id));
    RETURN_IF_ERROR(check_preconditions(row.client, preconditions));
    if (replay) return stored_secret(row.client, secret.operation_id);
    return add_secret_in(connection, std::move(row), secret, operation, others);
  });
}

Result<Written<SecretRecord>> ClientStore::add_secret_in(Connection& connection, ClientRow row,
                                                         const NewSecret& secret,
                                                         const OperationRecord& operation, Others others) {
  const ClientMetadata& metadata = row.client.metadata;
  const std::size_t stay = others == Others::keep ? row.client.secrets.size() : 0;
  RETURN_IF_ERROR(check_new_revision(secret.revision, row.highest_revision));
  RETURN_IF_ERROR(check_secret_allowed(metadata, stay, options_.max_secrets));
  if (others == Others::end) end_secrets(connection, row.client.secrets, clock_.wall_now());
  SecretRecord stored = store_secret(connection, metadata.client_id, secret, operation);
  if (row.client.mark) row.client.mark->revision = secret.revision;
  see_revision(row, secret.revision);
  touch(row, stored.created_at);
  update_client(connection, row);
  return Written<SecretRecord>{std::move(stored), false};
}

Result<void> ClientStore::remove_secret(std::string_view client_id, std::string_view secret_id,
                                        const Preconditions& preconditions) {
  const WallTime now = clock_.wall_now();
  return database_.write([&](Connection& connection) -> Result<void> {
    ASSIGN_OR_RETURN(ClientRow row, get_client(connection, client_id));
    RETURN_IF_ERROR(check_preconditions(row.client, preconditions));
    const auto secret = std::ranges::find(row.client.secrets, secret_id, &SecretRecord::id);
    if (secret == row.client.secrets.end())
      return refuse(Problem::not_found, "the client has no secret " + std::string(secret_id));
    end_secrets(connection, {*secret}, now);
    forget_deleted_before(connection, now - options_.remember_deleted);
    touch(row, now);
    update_client(connection, row);
    return {};
  });
}

Result<std::optional<ClientRecord>> ClientStore::find(std::string_view client_id) {
  return database_.read([&](Connection& connection) -> Result<std::optional<ClientRecord>> {
    ASSIGN_OR_RETURN(auto row, find_client(connection, client_id));
    if (!row) return std::optional<ClientRecord>{};
    return std::optional<ClientRecord>(std::move(row->client));
  });
}

Result<ClientPage> ClientStore::list(PageQuery page) {
  const std::size_t limit = page.limit++;  // one more tells whether there is a next page
  ASSIGN_OR_RETURN(auto clients,
                   database_.read([&](Connection& connection) { return list_clients(connection, page); }));
  ClientPage result{.clients = std::move(clients), .last = {}};
  if (result.clients.size() > limit) {
    result.clients.resize(limit);
    result.last = result.clients.back().metadata.client_id;
  }
  return result;
}

Result<std::optional<Authenticable>> ClientStore::find_authenticable(std::string_view client_id) {
  return database_.read([&](Connection& connection) -> Result<std::optional<Authenticable>> {
    ASSIGN_OR_RETURN(auto row, find_client(connection, client_id));
    if (!row) return std::optional<Authenticable>{};
    return std::optional<Authenticable>(Authenticable{.metadata = std::move(row->client.metadata),
                                                      .disabled = row->client.disabled,
                                                      .secrets = secret_hashes_of(connection, client_id)});
  });
}

Result<RowCounts> ClientStore::count() {
  return database_.read([](Connection& connection) -> Result<RowCounts> { return count_rows(connection); });
}

Result<void> ClientStore::record_last_used(const std::vector<LastUse>& uses) {
  return database_.write([&](Connection& connection) -> Result<void> {
    for (const auto& [secret_id, at] : uses) set_last_used(connection, secret_id, at);
    return {};
  });
}

}  // namespace apiclient::registry
