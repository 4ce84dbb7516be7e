#pragma once
// Which secrets a client of Keycloak has. Keycloak itself tells at most that one was put aside, and when; our
// mark tells what the newest one is, and what was put aside when we last looked. A time in the mark that is
// not Keycloak's: the newest one that we know was put aside since, by somebody else or by a call of ours
// whose answer was lost. Pure functions.

#include <string>
#include <vector>

#include "backend/client_mark.h"

namespace apiclient::backend::keycloak {

/// Whether a secret was put aside that the mark does not tell of: the newest one that it knows.
/// `rotated_at`: empty when none was put aside.
bool was_put_aside_since(const ClientMark& mark, const std::string& rotated_at);

/// By revision, oldest first.
std::vector<Credential> read_secrets(const std::optional<ClientMark>& mark, const std::string& rotated_at);

/// Puts a secret into the mark that takes the place of the newest one.
void describe_newest(ClientMark& mark, const std::string& rotated_at, const NewCredential& credential,
                     WallTime now);
/// The same, where nobody will know the secret.
void forget_newest(ClientMark& mark, const std::string& rotated_at);

}  // namespace apiclient::backend::keycloak
