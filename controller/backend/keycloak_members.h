#pragma once
// ClientSettings as members and attributes of a client at Keycloak, and back; scopes and registryParameters
// apart. Pure functions. What Keycloak adds by itself is not seen.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backend/client.h"
#include "base/result.h"
#include "json/json.h"

namespace apiclient::backend::keycloak {

/// Error: invalid, naming the field of an ApiClient that Keycloak has no place for.
Result<void> check_members(const ClientSettings& settings);

/// Puts everything that follows from the settings into the body of a request. An attribute that shall not be
/// there is empty, by which Keycloak removes it.
void write_members(Json& body, const ClientSettings& settings);

/// `type`: as we have noted it; else it is guessed.
ClientSettings read_members(const Json& client, std::optional<ClientType> type);

/// Members that are not what follows from the settings that were read from this client, as they are stored.
std::map<std::string, std::string> find_deviations(const Json& client, const ClientSettings& settings);

/// Audiences are protocol mappers, each with a name of ours; other people's stay. The whole list.
Json write_mappers(const Json& client, const std::vector<std::string>& audiences);

}  // namespace apiclient::backend::keycloak
