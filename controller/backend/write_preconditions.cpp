#include "backend/write_preconditions.h"

#include <utility>

namespace apiclient::backend {
namespace {

Error revision_conflict() { return conflict("revision_conflict", "a newer revision was seen"); }

}  // namespace

Error conflict(std::string code, std::string message) {
  return {.kind = ErrorKind::conflict, .message = std::move(message), .code = std::move(code)};
}

Result<void> check_owner(const std::optional<OwnershipMark>& mark, const std::string& expected_uid) {
  // An empty uid would be that of a mark that cannot be read.
  if (expected_uid.empty()) return fail(ErrorKind::internal, "the owner's uid is not known");
  if (mark && mark->uid == expected_uid) return {};
  return fail(conflict("precondition_failed", "the client belongs to somebody else"));
}

Result<void> check_revision(const OwnershipMark& mark, std::int64_t revision) {
  if (mark.revision > revision) return fail(revision_conflict());
  return {};
}

Result<bool> is_stored_already(const std::optional<Credential>& present, const NewCredential& wanted) {
  if (!present) return false;
  if (present->operation_id == wanted.operation_id) return true;
  if (present->revision >= wanted.revision) return fail(revision_conflict());
  return false;
}

Result<void> check_adoptable(const RegisteredClient& client, const std::string& etag) {
  if (!client.mark && client.etag == etag) return {};
  return fail(conflict("precondition_failed", "the client was changed since it was read"));
}

}  // namespace apiclient::backend
