#pragma once
// How a secret is rotated at a registry, by what the registry can do. Pure.

#include <string_view>

#include "api/api_client.h"
#include "api/client_registry.h"
#include "backend/capabilities.h"

namespace apiclient::reconciler {

enum class Strategy {
  overlap,     ///< old and new secret work side by side
  reregister,  ///< the server picks the id and holds one secret: a second client beside the first
  in_place,    ///< one secret, chosen by us: it is replaced, and nothing works until it is published
};

Strategy strategy_of(const backend::Capabilities& capabilities);

/// A rotation would leave consumers without a working secret for a moment, and neither the spec (overlap 0s)
/// nor the registry (allowInPlaceRotation) has agreed to that.
bool leaves_unaccepted_gap(Strategy strategy, const api::RotationSpec& rotation,
                           const api::ClientRegistrySpec& registry);

/// As `status.rotation.strategy` says it.
std::string_view to_string(Strategy strategy);

}  // namespace apiclient::reconciler
