#pragma once
// The longest lifetime that any token was ever issued with: so long a key that signs no more is still needed.
// Durable, because clients change and a restart must not shorten it. Thread-safe.

#include <atomic>
#include <chrono>
#include <memory>

#include "base/result.h"
#include "registry/database.h"

namespace apiclient::registry {

class TokenLifetimes {
 public:
  /// `database` is not owned and lives longer.
  static Result<std::unique_ptr<TokenLifetimes>> load(Database& database);

  /// To be called before a token of this lifetime is issued. Writes only when it is longer than all before.
  Result<void> note(std::chrono::seconds lifetime);
  [[nodiscard]] std::chrono::seconds longest() const { return std::chrono::seconds(longest_.load()); }

 private:
  TokenLifetimes(Database& database, std::int64_t longest) : database_(database), longest_(longest) {}

  Database& database_;
  std::atomic<std::int64_t> longest_;
};

}  // namespace apiclient::registry
