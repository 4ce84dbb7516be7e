#pragma once
// How many ApiClients use each registry, as the cache has them. Thread-safe.

#include <cstddef>
#include <string>
#include <unordered_map>

#include "api/api_client_summary.h"
#include "base/guarded.h"

namespace apiclient::reconciler {

/// The registry that an ApiClient is registered at, or is being registered at; empty: none.
std::string used_registry(const api::ApiClientSummary& client);

class RegistryUsers {
 public:
  /// One of them is gone from the one registry and has come to the other; either may be empty.
  void move(const std::string& from, const std::string& to);
  [[nodiscard]] std::size_t count(const std::string& registry) const;

 private:
  mutable Guarded<std::unordered_map<std::string, std::size_t>> counts_;
};

}  // namespace apiclient::reconciler
