#include "reconciler/settled.h"

namespace apiclient::reconciler {
namespace {

bool says_all_is_well(const api::ApiClientSummary& client) {
  return !client.deleting && client.has_finalizer && client.tokens_handled && !client.stalled &&
         !client.reconciling && client.observed_generation == client.generation &&
         client.ready == kube::ConditionStatus::true_value &&
         client.registered == kube::ConditionStatus::true_value && client.binding_name == client.secret_name;
}

/// What was written while nobody watched is seen by whose hand it is in.
bool target_matches(const SecretSummary& target, const api::ApiClientSummary& client) {
  return target.owner_uid == client.uid && !target.in_other_hands &&
         (client.revision == 0 || target.revision == client.revision);
}

}  // namespace

bool is_settled(const CachedView& view) {
  const bool registry_well = view.registry != nullptr && view.registry->state == RegistryState::ready;
  return registry_well && says_all_is_well(view.client) && !view.staged && !view.has_former &&
         view.target != nullptr && target_matches(*view.target, view.client) && !view.client.overlap_active;
}

bool rotation_is_due(const api::ApiClientSummary& client, WallTime now) {
  return client.next_rotation && *client.next_rotation <= now;
}

}  // namespace apiclient::reconciler
