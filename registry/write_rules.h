#pragma once
// Which writes the store carries out: idempotency, ownership, revisions, limits. Pure functions; each refusal
// carries the code of the problem that the admin API answers with.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/client.h"

namespace apiclient::registry {

/// An operation that was carried out before.
struct OperationRecord {
  std::string operation_id;
  std::string client_id;
  std::string value_hash;  ///< empty when the operation made no secret
  bool generated = false;  ///< the registry made the value
  bool deleted = false;    ///< its client or secret is gone
};

/// An operation that somebody asks for.
struct OperationRequest {
  std::string client_id;
  std::string value_hash;
  bool generated = false;
};

/// What the caller believes; absent members are not checked.
struct Preconditions {
  std::optional<std::string> owner_uid;  ///< the mark's uid
  std::optional<std::string> etag;       ///< "*" or a list of entity tags (RFC 9110 §13.1.1)
};

/// True: answer with the stored result. False: carry it out.
Result<bool> is_replay(const std::optional<OperationRecord>& known, const OperationRequest& request);

Result<void> check_preconditions(const ClientRecord& client, const Preconditions& preconditions);

/// A mark may move to a new uid, never to another installation and never back in revisions.
Result<void> check_mark_change(const std::optional<OwnershipMark>& stored,
                               const std::optional<OwnershipMark>& requested);

/// A new secret's revision must be above all that were ever seen.
Result<void> check_new_revision(std::int64_t requested, std::int64_t highest_seen);

/// A client that comes back under the same uid must not fall behind what was seen before its deletion.
Result<void> check_return(const std::optional<OwnershipMark>& requested, std::string_view deleted_uid,
                          std::int64_t highest_seen);

/// Secrets go only to clients that can use them, and not more than `limit`.
Result<void> check_secret_allowed(const ClientMetadata& client, std::size_t count, std::size_t limit);

}  // namespace apiclient::registry
