#pragma once
// Members and attributes of a client at Keycloak for which ClientSettings has no field and which an ApiClient
// may set by name. Pure functions.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backend/client.h"
#include "base/result.h"
#include "json/json.h"

namespace apiclient::backend::keycloak {

/// The parameter that is no member: names of the realm's roles for the client's service account, as a list.
constexpr std::string_view kRolesParameter = "serviceAccountRoles";

/// Puts the parameters into the body of a request, and takes away those that only `before` names. Error:
/// invalid (a name that is none of Keycloak's or not for this client, or a value of another type).
Result<void> write_parameters(Json& body, const ClientSettings& settings,
                              const std::vector<std::string>& before);
/// Those of these names, as they are stored; but for the roles, which are not in the client.
std::map<std::string, std::string> read_parameters(const Json& client, const std::vector<std::string>& names);

/// The roles that are asked for; empty: none. Error: invalid (no list of different names, or the client also
/// acts for users, whose roles would be in its tokens then).
Result<std::vector<std::string>> asked_roles(const ClientSettings& settings);

}  // namespace apiclient::backend::keycloak
