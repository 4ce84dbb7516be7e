#pragma once
// The schema and its history. A migration, once released, is never edited: changes are appended.
// The version is SQLite's user_version; a file of a newer program is refused, not guessed at.

#include <span>
#include <string_view>

#include "base/result.h"
#include "registry/connection.h"

namespace apiclient::registry {

/// SQL of every migration; applying number i leaves user_version i + 1.
std::span<const std::string_view> migrations();

/// Applies what is missing, each step in its own transaction. Throws SQLite::Exception.
Result<void> migrate(Connection& connection);
/// Stops after `version`; for tests of the way up.
Result<void> migrate_to(Connection& connection, std::size_t version);

}  // namespace apiclient::registry
