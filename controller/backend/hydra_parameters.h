#pragma once
// Members of a client at Ory Hydra for which ClientSettings has no field: what follows from the settings, and
// what an ApiClient may set by name. Pure functions.

#include <map>
#include <string>
#include <vector>

#include "backend/client.h"
#include "base/result.h"
#include "json/json.h"

namespace apiclient::backend::hydra {

/// Writes response types, lifespans and consent as they follow from the settings.
void write_derived(Json& client, const ClientSettings& settings);
/// The settings that are stored in derived members.
void read_derived(const Json& client, ClientSettings& settings);
/// Those of the derived members that are not what follows from the settings, as they are stored.
std::map<std::string, std::string> find_deviations(const Json& client, const ClientSettings& settings);

/// Writes the parameters and takes away those that only `before` names. Error: invalid (a name that Hydra
/// does not know, or a value of another type than it wants).
Result<void> write_parameters(Json& client, const ClientSettings& settings,
                              const std::vector<std::string>& before);
/// Those of these names, as they are stored.
std::map<std::string, std::string> read_parameters(const Json& client, const std::vector<std::string>& names);

}  // namespace apiclient::backend::hydra
