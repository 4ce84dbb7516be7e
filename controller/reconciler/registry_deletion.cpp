#include "reconciler/registry_deletion.h"

#include <string>

#include "api/conditions.h"
#include "api/names.h"

namespace apiclient::reconciler {

FinalizerChange finalizer_change(const api::ClientRegistry& registry, std::size_t users) {
  const bool there = registry.meta.has_finalizer(api::kInUseFinalizer);
  const bool in_use = users > 0;
  if (registry.meta.deleting()) {
    const bool let_go = !in_use || registry.spec.orphan_on_delete;
    return there && let_go ? FinalizerChange::remove : FinalizerChange::none;
  }
  if (in_use == there) return FinalizerChange::none;
  return in_use ? FinalizerChange::add : FinalizerChange::remove;
}

void note_deletion(const api::ClientRegistry& registry, std::size_t users, WallTime now,
                   api::ClientRegistryStatus& status) {
  const bool blocked = registry.meta.deleting() && registry.meta.has_finalizer(api::kInUseFinalizer);
  if (!blocked) return kube::remove_condition(status.conditions, api::kDeletionBlocked);
  kube::set_condition(
      status.conditions,
      {.type = std::string(api::kDeletionBlocked),
       .status = kube::ConditionStatus::true_value,
       .reason = std::string(api::reason::kInUse),
       .message = std::to_string(users) + " ApiClients are registered there; delete them, or set "
                                          "spec.orphanOnDelete: true to leave their clients in the registry",
       .observed_generation = registry.meta.generation},
      now);
}

}  // namespace apiclient::reconciler
