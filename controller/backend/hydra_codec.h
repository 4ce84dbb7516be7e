#pragma once
// JSON of a client at Ory Hydra's admin API to our values and back. Pure functions. Reading normalises: what
// Hydra adds by itself is not seen, and what was written compares equal to what is read. A member that
// follows from the settings (response types, lifespans, consent) and is not what follows from them is read as
// a parameter of its name, so that it is a difference.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "backend/client.h"
#include "backend/hydra_mark.h"
#include "base/result.h"
#include "json/json.h"

namespace apiclient::backend::hydra {

/// A client as a read gave it.
struct StoredClient {
  RegisteredClient client = {};
  std::optional<Mark> mark = {};
  Json document = {};  ///< everything, other people's members included; without any secret
};

/// Error: protocol.
Result<StoredClient> read_client(std::string_view body);

/// The value of the secret that an answer to "rotate" has. `wipe` the body after use. Error: protocol.
Result<Secret> read_new_secret(std::string_view body);

/// Body of "create". It holds the value of `credential`, which may be null: `wipe` it after use. Error:
/// invalid
/// (`jwks` is not JSON, or a parameter is none that Hydra has).
Result<std::string> write_new_client(const ClientSettings& settings, const OwnershipMark& owner,
                                     const NewCredential* credential, WallTime now);
/// Body of "replace": the stored client with our members replaced; no secret is in it, so Hydra keeps the
/// present one. Error: as above.
Result<std::string> rewrite_client(const StoredClient& stored, const ClientSettings& settings,
                                   const OwnershipMark& owner);
/// Body of "replace" which changes nothing but the secret and its description. `wipe` it after use.
std::string rewrite_secret(const StoredClient& stored, const NewCredential& credential, WallTime now);

/// Body of "replace" which describes one more secret as the newest; no secret is in it. What Hydra makes next
/// is that secret.
std::string describe_rotation(const StoredClient& stored, const NewCredential& wanted, WallTime now);
/// ... and which describes the newest secret alone.
std::string forget_older(const StoredClient& stored);

}  // namespace apiclient::backend::hydra
