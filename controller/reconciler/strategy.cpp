#include "reconciler/strategy.h"

namespace apiclient::reconciler {

Strategy strategy_of(const backend::Capabilities& capabilities) {
  if (capabilities.max_secrets >= 2) return Strategy::overlap;
  return capabilities.chooses_client_id ? Strategy::reregister : Strategy::in_place;
}

bool leaves_unaccepted_gap(Strategy strategy, const api::RotationSpec& rotation,
                           const api::ClientRegistrySpec& registry) {
  const bool cut = rotation.overlap == std::chrono::milliseconds(0);
  return strategy == Strategy::in_place && !cut && !registry.allow_in_place_rotation;
}

std::string_view to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::overlap: return "Overlap";
    case Strategy::reregister: return "Reregister";
    case Strategy::in_place: return "InPlace";
  }
  return "";
}

}  // namespace apiclient::reconciler
