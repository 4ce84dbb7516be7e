#pragma once
// What the registry stores: a client, the mark of its owner, and its secrets without their values.
// Plain values; member names follow RFC 7591 §2. Absent optional texts are empty strings.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace apiclient::registry {

/// `public_client` is "public" on the wire, which is a keyword here.
enum class ClientType { machine, web, public_client };
enum class AuthMethod { client_secret_basic, client_secret_post, private_key_jwt, none };

std::string_view to_string(ClientType type);
std::string_view to_string(AuthMethod method);
std::optional<ClientType> parse_client_type(std::string_view text);
std::optional<AuthMethod> parse_auth_method(std::string_view text);

/// What the owner of a client decides; replaced as a whole.
struct ClientMetadata {
  std::string client_id;
  std::string client_name;
  ClientType type = ClientType::machine;
  std::vector<std::string> grant_types;
  std::vector<std::string> redirect_uris;
  std::vector<std::string> post_logout_redirect_uris;
  std::vector<std::string> allowed_cors_origins;
  std::vector<std::string> scopes;  ///< "scope" on the wire, parted by spaces
  std::vector<std::string> audience;
  AuthMethod token_endpoint_auth_method = AuthMethod::client_secret_basic;
  bool require_consent = false;
  std::optional<std::chrono::seconds> access_token_lifetime;
  std::optional<std::chrono::seconds> refresh_token_lifetime;
  std::optional<std::chrono::seconds> id_token_lifetime;
  std::vector<std::string> contacts;
  std::string client_uri;
  std::string logo_uri;
  std::string policy_uri;
  std::string tos_uri;
  std::string jwks_uri;
  std::string jwks;  ///< JSON text of the key set
  std::map<std::string, std::string> parameters;

  /// False for public clients and for those that prove themselves with a key.
  [[nodiscard]] bool may_have_secrets() const;
};

/// Who created the client: one object of one installation of the operator.
struct OwnershipMark {
  std::string installation_id;
  std::string object_namespace;
  std::string object_name;
  std::string uid;
  std::int64_t revision = 0;

  bool operator==(const OwnershipMark&) const = default;
};

struct SecretRecord {
  std::string id;
  std::string hint;  ///< last four characters
  std::int64_t revision = 0;
  std::string operation_id;
  WallTime created_at{};
  std::optional<WallTime> last_used_at;
};

struct ClientRecord {
  ClientMetadata metadata;
  std::optional<OwnershipMark> mark;
  bool disabled = false;     ///< cannot authenticate; keeps its secrets
  std::int64_t version = 0;  ///< the entity tag; grows with every change but last-used times
  WallTime created_at{};
  WallTime updated_at{};
  std::vector<SecretRecord> secrets;  ///< by revision, then by age
};

/// RFC 6749 §3.3: scopes parted by spaces. Empty parts are dropped.
std::vector<std::string> split_scopes(std::string_view text);
std::string join_scopes(const std::vector<std::string>& scopes);

}  // namespace apiclient::registry
