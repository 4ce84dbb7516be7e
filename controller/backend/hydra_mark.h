#pragma once
// What we keep in a client's `metadata` at Ory Hydra, below one member of our own: whose the client is, and
// what Hydra cannot tell about it. Pure functions; other members of the metadata are other people's and stay.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/client.h"
#include "json/json.h"

namespace apiclient::backend::hydra {

/// The member of `metadata`.
constexpr std::string_view kMarkMember = "apiclient.dev";

struct Mark {
  OwnershipMark owner = {};
  std::optional<ClientType> type = {};
  /// Describes the client's newest secret, which Hydra does not: null where the client has none, or had one
  /// before it was ours.
  std::optional<Credential> credential = {};
  std::vector<Credential> older = {};  ///< that work beside it, oldest first
  std::vector<std::string> parameters =
      {};                 ///< names of the members that came from ClientSettings::parameters
  std::string jwks = {};  ///< as declared, where Hydra keeps less of it than was sent
};

/// Empty: the client has none. A mark that cannot be read in full is one of nobody that we know, so that what
/// bears it is never touched.
std::optional<Mark> read_mark(const Json& client);

/// Puts the mark into the metadata of a client.
void write_mark(Json& client, const Mark& mark);

/// The secret as it will be described. Its id is that of the operation that made it.
Credential describe(const NewCredential& credential, WallTime now);

}  // namespace apiclient::backend::hydra
