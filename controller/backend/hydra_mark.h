#pragma once
// Where our mark is in a client at Ory Hydra: below one member of our own in its `metadata`. Pure functions;
// other members of the metadata are other people's and stay.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "backend/client_mark.h"
#include "json/json.h"

namespace apiclient::backend::hydra {

/// The member of `metadata`.
constexpr std::string_view kMarkMember = "apiclient.dev";

using Mark = ClientMark;

/// Empty: the client has none.
std::optional<Mark> read_mark(const Json& client);

/// Puts the mark into the metadata of a client.
void write_mark(Json& client, const Mark& mark);

}  // namespace apiclient::backend::hydra
