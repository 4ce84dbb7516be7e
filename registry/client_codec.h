#pragma once
// JSON of the admin API and of the stored metadata, both ways. Pure functions. Reading is strict: a member
// that nobody knows is a mistake, and every mistake is named.

#include <optional>
#include <string>

#include "base/secret.h"
#include "json/json.h"
#include "registry/client.h"

namespace apiclient::registry {

/// The body of "add a secret", and the member `secret` of "create".
struct SecretRequest {
  std::string operation_id;  ///< empty when the body has none
  std::int64_t revision = 0;
  std::optional<Secret> value;  ///< absent: the registry makes one
};

/// The body of "create" and of "replace".
struct ClientRequest {
  ClientMetadata metadata;
  std::optional<OwnershipMark> mark;
  std::optional<SecretRequest> secret;
};

/// Errors are `invalid` and list every mistake. A secret's value is never repeated.
Result<ClientRequest> read_client_request(const Json& body);
Result<SecretRequest> read_secret_request(const Json& body);

Json write_client(const ClientRecord& client);
Json write_secret(const SecretRecord& secret);

/// What the database keeps of a client besides its columns.
std::string encode_metadata(const ClientMetadata& metadata);
Result<ClientMetadata> decode_metadata(std::string_view text);

}  // namespace apiclient::registry
