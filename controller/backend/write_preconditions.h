#pragma once
// What has to hold before a write where the registry itself has no preconditions: looked at in what was read
// right before. Pure functions.

#include <optional>
#include <string>

#include "backend/client.h"
#include "base/result.h"

namespace apiclient::backend {

/// Kind conflict: something else was read than the write is based on.
Error conflict(std::string code, std::string message);

/// The mark allows a write by the owner with this uid. Errors: conflict "precondition_failed"; internal (the
/// uid is empty, as that of a mark that cannot be read).
Result<void> check_owner(const std::optional<OwnershipMark>& mark, const std::string& expected_uid);

/// Error: conflict "revision_conflict" (the mark has a higher revision).
Result<void> check_revision(const OwnershipMark& mark, std::int64_t revision);

/// True: `present` is what the same operation has stored. Error: conflict "revision_conflict" (it is of
/// another one, and not older).
Result<bool> is_stored_already(const std::optional<Credential>& present, const NewCredential& wanted);

/// A client that is to be adopted bears no mark, and is as it was read. Error: conflict
/// "precondition_failed".
Result<void> check_adoptable(const RegisteredClient& client, const std::string& etag);

}  // namespace apiclient::backend
