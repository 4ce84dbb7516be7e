#pragma once
// What a registry stores about a client, in the words of RFC 7591, independent of the kind of registry.
// Plain values. No Kubernetes in here.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

namespace apiclient::backend {

/// What the client is; decides which other members make sense.
enum class ClientType { machine, web, public_client };

/// "machine", "web", "public": as registries store it that have a place for it.
std::string_view to_string(ClientType type);
std::optional<ClientType> read_client_type(std::string_view name);

/// Everything declared about a client but its secrets. Lists are sets: sorted, without duplicates, so that
/// two equal wishes compare equal.
struct ClientSettings {
  std::string client_id = {};
  std::string client_name = {};
  ClientType type = ClientType::machine;
  std::vector<std::string> grant_types = {};
  std::vector<std::string> redirect_uris = {};
  std::vector<std::string> post_logout_redirect_uris = {};
  std::vector<std::string> allowed_cors_origins = {};
  std::vector<std::string> scopes = {};
  std::vector<std::string> audiences = {};
  std::string token_endpoint_auth_method = {};
  bool require_consent = true;
  std::optional<std::chrono::seconds> access_token_lifetime = {};
  std::optional<std::chrono::seconds> refresh_token_lifetime = {};
  std::optional<std::chrono::seconds> id_token_lifetime = {};
  std::vector<std::string> contacts = {};
  std::string client_uri = {};
  std::string logo_uri = {};
  std::string policy_uri = {};
  std::string tos_uri = {};
  std::string jwks_uri = {};
  std::string jwks = {};  ///< JSON text
  std::map<std::string, std::string> parameters = {};

  bool operator==(const ClientSettings&) const = default;

  /// False for `none` and `private_key_jwt`: no secret is ever made for those.
  [[nodiscard]] bool has_secret() const {
    return token_endpoint_auth_method != "none" && token_endpoint_auth_method != "private_key_jwt";
  }
};

/// Who made the client: stored in the registry, searchable there.
struct OwnershipMark {
  std::string installation_id = {};
  std::string namespace_name = {};
  std::string name = {};
  std::string uid = {};  ///< of the ApiClient
  std::int64_t revision = 0;

  bool operator==(const OwnershipMark&) const = default;
};

/// One secret of a client, without its value.
struct Credential {
  std::string id = {};
  std::string hint = {};
  std::int64_t revision = 0;
  std::string operation_id = {};
  std::optional<WallTime> created_at = {};
  std::optional<WallTime> last_used_at = {};
};

/// A secret that is to be added. `value` is borrowed for the call.
struct NewCredential {
  std::string operation_id;
  std::int64_t revision = 0;
  const Secret* value = nullptr;  ///< null: the registry chooses it
};

struct RegisteredClient {
  ClientSettings settings = {};
  std::optional<OwnershipMark> mark = {};    ///< empty: nobody's, or somebody's who does not mark
  std::vector<Credential> credentials = {};  ///< by revision, oldest first
  std::string etag = {};
  bool disabled = false;  ///< gets no tokens, keeps its secrets
  /// Where the server took the settings and made others of them (RFC 7591 §3.2.1): what it has.
  std::optional<ClientSettings> stored_as = {};
};

/// What a server answers that makes a secret itself, and perhaps the id.
struct Registration {
  RegisteredClient client = {};
  Secret value = {};  ///< empty for a client without a secret
};

/// RFC 6749 §3.3: one text, parted by spaces.
std::string join_scopes(const std::vector<std::string>& scopes);
std::vector<std::string> split_scopes(std::string_view text);

/// Lists sorted and without duplicates, `jwks` in one canonical text: two equal wishes compare equal.
ClientSettings normalised(ClientSettings settings);

/// Fields of an ApiClient ("spec.scopes") in which the two differ; both normalised.
std::vector<std::string> differing_fields(const ClientSettings& one, const ClientSettings& other);

}  // namespace apiclient::backend
