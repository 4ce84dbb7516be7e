#pragma once
// JSON of a client at Keycloak's Admin REST API to our values and back. Pure functions. Our mark is in one
// attribute. A request holds only what is to change: Keycloak leaves alone what it is not sent, but for
// `authorizationServicesEnabled`, which is repeated. Reading normalises: what was written compares equal to
// what is read, and what follows from the settings but is not so is read as a parameter of its name.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/client.h"
#include "backend/client_mark.h"
#include "base/result.h"
#include "json/json.h"

namespace apiclient::backend::keycloak {

/// The attribute that holds our mark, as JSON.
constexpr std::string_view kMarkAttribute = "apiclient.dev";

/// A client as a read gave it.
struct StoredClient {
  std::string uuid = {};  ///< Keycloak's own id
  RegisteredClient client = {};
  std::optional<ClientMark> mark = {};
  Json document = {};           ///< everything, other people's members included; without any secret
  bool readable = true;         ///< false: Keycloak shows that it is there, and no more
  bool secret_may_end = false;  ///< a rotation policy of the realm has dated the secret
  std::string rotated_at = {};  ///< Keycloak's word for when it put a secret aside that still works beside it
};

/// Takes every secret out of a client, or out of each client of a list: values are wiped. A list comes with
/// the secrets of all clients that the caller may manage.
void drop_secrets(Json& document);

/// `document`: without secrets. Roles are not in it: those that we gave count as there. Error: protocol.
Result<StoredClient> read_client(Json document);
/// Ids of the clients in a list that bear the mark of the installation. Error: protocol.
Result<std::vector<std::string>> read_owned(const Json& list, std::string_view installation_id);
/// The same client with a body that Keycloak has accepted.
Result<StoredClient> with_changes(const StoredClient& stored, const Json& body);
/// The same client, of whose service account's roles these are known.
void set_present_roles(StoredClient& stored, const std::vector<std::string>& present);

/// What is to be done about a set that a client shares with other people: they add and take, and so do we.
struct SetChange {
  std::vector<std::string> missing = {};
  std::vector<std::string> surplus = {};  ///< of ours, not wanted any more
};
SetChange scope_change(const StoredClient& stored, const std::vector<std::string>& scopes);

/// Body of a creation, but for the secret. Error: invalid, naming the field or parameter that cannot be.
Result<Json> write_new_client(const ClientSettings& settings, const OwnershipMark& owner,
                              const NewCredential* credential, WallTime now);
/// Body of an update with everything that is ours but the secret. Error: as above.
Result<Json> rewrite_client(const StoredClient& stored, const ClientSettings& settings,
                            const OwnershipMark& owner);
/// Body of an update that describes another newest secret, but for the secret.
Json rewrite_secret(const StoredClient& stored, const NewCredential& credential, WallTime now);
/// Body of an update that tells of a newest secret that nobody knows, but for the secret.
Json rewrite_unknown_secret(const StoredClient& stored);
/// Body of an update that switches the client on or off.
Json rewrite_enabled(const StoredClient& stored, bool enabled);

/// The text of a body; the value enters it here and nowhere else. `wipe` it after use.
std::string dump_with_secret(Json& body, const Secret* value);

}  // namespace apiclient::backend::keycloak
