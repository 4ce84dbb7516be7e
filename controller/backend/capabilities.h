#pragma once
// What a registry can do: probed or fixed by its API, never guessed from a name. Drives the strategy of
// rotation.

#include <chrono>
#include <optional>
#include <string>

namespace apiclient::backend {

struct Capabilities {
  bool chooses_client_id = false;       ///< the server picks the id
  bool chooses_secret = false;          ///< the server makes the secret on create and rotate
  bool chooses_rotated_secret = false;  ///< ... on rotate alone; then all older ones end together
  bool reads_secret_back = false;       ///< a secret can be read after it was made
  int max_secrets = 1;                  ///< valid at once
  bool secrets_have_ids = false;
  std::optional<std::chrono::milliseconds> longest_overlap = {};  ///< then the server ends it
  std::optional<std::chrono::milliseconds> secret_lifetime = {};  ///< then a secret ends by itself
  bool searchable_mark = false;
  bool idempotency_key = false;
  bool can_disable = false;
  bool tells_last_use = false;  ///< Credential::last_used_at

  [[nodiscard]] bool ends_overlap_itself() const { return longest_overlap.has_value(); }
  bool operator==(const Capabilities&) const = default;
};

/// The endpoints that consumers get, as discovered (RFC 8414, OpenID Connect Discovery) or given.
struct Endpoints {
  std::string token = {};
  std::string authorization = {};
  std::string jwks = {};
  std::string user_info = {};
  std::string registration = {};  ///< RFC 7591; for us, not for consumers

  bool operator==(const Endpoints&) const = default;
};

struct RegistryInfo {
  Capabilities capabilities = {};
  Endpoints endpoints = {};
  std::string server_version = {};  ///< empty when the server does not say

  bool operator==(const RegistryInfo&) const = default;
};

}  // namespace apiclient::backend
