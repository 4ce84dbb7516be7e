#pragma once
// Has a registry lost its clients (an empty database, a wrong URL)? And what a person's word about that
// covers. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "api/api_client.h"
#include "api/client_registry.h"
#include "base/clock.h"

namespace apiclient::reconciler {

/// Clients that were issued at one registry.
struct StateLossCount {
  std::size_t ours = 0;     ///< that should be there
  std::size_t missing = 0;  ///< of those

  bool operator==(const StateLossCount&) const = default;
};

/// `ours`: client ids that should be there; `present`: those that the registry lists with our mark.
StateLossCount count_missing(const std::vector<std::string>& ours,
                             const std::unordered_set<std::string>& present);

/// More than a few single ones, or all of several.
bool is_state_lost(const StateLossCount& count);

/// When the present credentials were issued; of a client without a secret, when its object was made.
WallTime issued_at(const api::ApiClient& client);

/// May a client that was issued then be registered again without further question?
bool covers(const api::AcceptedStateLoss& accepted, WallTime issued);

/// What the annotation says now. A token acts once, its absence never acts.
api::AcceptedStateLoss accept(api::AcceptedStateLoss known, std::string_view annotation, WallTime now);

std::string state_loss_message(const StateLossCount& count);

}  // namespace apiclient::reconciler
