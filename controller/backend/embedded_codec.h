#pragma once
// JSON of the embedded registry's admin API (docs/registry-api.md) to our values and back. Pure functions.
// Reading normalises, so that what was written compares equal to what is read. Errors of reading: protocol.

#include <string>
#include <string_view>
#include <vector>

#include "backend/client.h"
#include "base/result.h"

namespace apiclient::backend::embedded {

/// Body of "replace", and of "create" for a client without a secret. Error: invalid (`jwks` is not JSON).
Result<std::string> write_client(const ClientSettings& settings, const OwnershipMark& mark);
/// Body of "create" with a first secret. It holds the value: `wipe` it after use.
Result<std::string> write_client(const ClientSettings& settings, const OwnershipMark& mark,
                                 const NewCredential& credential);
/// Body of "add a secret". It holds the value: `wipe` it after use.
std::string write_secret(const NewCredential& credential);

Result<RegisteredClient> read_client(std::string_view body);
Result<Credential> read_secret(std::string_view body);
/// One page of a list.
struct ClientPage {
  std::vector<std::string> client_ids = {};
  std::string next = {};  ///< token of the next page; empty: this is the last
};
Result<ClientPage> read_client_page(std::string_view body);
/// How many secrets a client may have at once, from a page of clients, whose content is not looked at.
Result<int> read_max_secrets(std::string_view body);
/// The version that a page of clients names, cleaned and cut; empty when it names none. The clients are not
/// looked at.
Result<std::string> read_server_version(std::string_view body);

}  // namespace apiclient::backend::embedded
