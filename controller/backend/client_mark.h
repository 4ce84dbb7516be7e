#pragma once
// What we keep with a client at a registry that has a free place for it, as one JSON object: whose the client
// is, and what the registry cannot tell about it. Pure functions.

#include <optional>
#include <string>
#include <vector>

#include "backend/client.h"
#include "json/json.h"

namespace apiclient::backend {

struct ClientMark {
  OwnershipMark owner = {};
  std::optional<ClientType> type = {};
  /// Describes the client's newest secret, which the registry does not: null where the client has none, or
  /// had one before it was ours.
  std::optional<Credential> credential = {};
  std::vector<Credential> older = {};  ///< that work beside it, oldest first
  std::string rotated_at = {};  ///< the registry's word for when `older` was put aside, where it has one
  /// Nobody has the newest secret: it took the place of one that was retired.
  bool newest_is_unknown = false;
  std::vector<std::string> parameters =
      {};                                ///< names of the members that came from ClientSettings::parameters
  std::string jwks = {};                 ///< as declared, where the registry keeps less of it than was sent
  std::vector<std::string> scopes = {};  ///< declared, where the registry keeps others' beside them
  std::vector<std::string> roles = {};   ///< the same
};

/// A mark that cannot be read in full is one of nobody that we know, so that what bears it is never touched.
ClientMark read_client_mark(const Json& object);

Json write_client_mark(const ClientMark& mark);

/// The secret as it will be described. Its id is that of the operation that made it.
Credential describe(const NewCredential& credential, WallTime now);

}  // namespace apiclient::backend
