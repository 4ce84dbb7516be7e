#pragma once
// What a client at Keycloak is given beside its own members: client scopes of the realm, and roles for its
// service account. Each is a call of its own; nothing that other people have given is taken away. Called
// by threads at will.

#include <stop_token>
#include <string>
#include <vector>

#include "backend/keycloak_api.h"

namespace apiclient::backend::keycloak {

/// Error: invalid, naming the scope that the realm does not have.
Result<void> check_scopes(AdminApi& api, const std::vector<std::string>& scopes, const std::stop_token& stop);

/// Makes these the scopes of ours. False: nothing had to be done.
Result<bool> give_scopes(AdminApi& api, const StoredClient& stored, const std::vector<std::string>& scopes,
                         const std::stop_token& stop);

/// Makes the roles that are asked for those of ours. Error: invalid, when the realm has no such role or the
/// operator may not give it.
Result<void> give_roles(AdminApi& api, const StoredClient& stored, const ClientSettings& settings,
                        const std::stop_token& stop);

/// Completes what was read: which of the roles that we gave are there. Where we may not look, none is.
Result<void> read_roles(AdminApi& api, Road road, StoredClient& stored, const std::stop_token& stop);

}  // namespace apiclient::backend::keycloak
