#pragma once
// One page of Ory Hydra's list of clients. Pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace apiclient::backend::hydra {

struct ClientPage {
  std::vector<std::string> client_ids = {};  ///< of clients that bear the mark of the installation
  bool empty = true;                         ///< there was no client at all, whosoever
};

/// Clients of others are passed over, whatever they look like. Error: protocol (no list).
Result<ClientPage> read_client_page(std::string_view body, std::string_view installation_id);

/// The `page_token` of the link to the next page (RFC 8288), decoded; empty: there is none. Only the token is
/// taken, so that no answer can send us elsewhere.
std::string next_page_token(std::string_view link);

/// "v2.3.0" from the answer of /version, cleaned and cut; empty when it names none.
std::string read_server_version(std::string_view body);

}  // namespace apiclient::backend::hydra
