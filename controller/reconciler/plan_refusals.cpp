#include "reconciler/plan_refusals.h"

#include "api/conditions.h"
#include "api/registry_id.h"
#include "reconciler/adoption.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;

Refusal stall(std::string_view why, std::string message) {
  return {.reason = std::string(why), .message = std::move(message), .stalled = true};
}

std::optional<Refusal> check_target(const Observation& seen) {
  const std::string name = seen.client.secret_name();
  if (seen.target_owner == TargetOwner::foreign) {
    return stall(reason::kSecretNameConflict, "Secret " + name +
                                                  " exists and is not the operator's; it is left alone. "
                                                  "Delete it, or set spec.secret.name to another name");
  }
  if (seen.target_owner == TargetOwner::other_client || (seen.older_claimant && !seen.target_is_ours())) {
    return stall(reason::kSecretNameConflict, "Secret " + name +
                                                  " belongs to another ApiClient of this namespace; set "
                                                  "spec.secret.name to another name");
  }
  if (!seen.target) return std::nullopt;
  if (seen.target->immutable) {
    return stall(
        reason::kSecretImmutable,
        "Secret " + name + " is immutable, so it can never be rotated; delete it, it will be made again");
  }
  if (seen.target->type != seen.client.spec.secret.type) {
    return stall(reason::kSecretImmutable, "Secret " + name + " has type " + seen.target->type +
                                               ", which cannot be changed; delete it, it will be made again");
  }
  return std::nullopt;
}

std::optional<Refusal> check_registered(const Observation& seen) {
  const std::string& id = seen.desired.settings.client_id;
  switch (seen.client_owner()) {
    case ClientOwner::nobody:
    case ClientOwner::us: return std::nullopt;
    case ClientOwner::other_installation:
      return stall(reason::kOwnedElsewhere, "client " + id +
                                                " belongs to another installation of the operator; set "
                                                "spec.clientId to another value");
    case ClientOwner::other_client:
      return stall(reason::kClientIdConflict,
                   "client " + id + " belongs to ApiClient " + seen.registered->mark->namespace_name + "/" +
                       seen.registered->mark->name + "; set spec.clientId to another value");
    case ClientOwner::unmarked:
      if (adopts(seen)) return std::nullopt;
      return stall(reason::kClientIdConflict,
                   "client " + id +
                       " exists in the registry and was not made by the "
                       "operator; set spec.clientId to another value, or remove that client");
  }
  return std::nullopt;
}

std::optional<Refusal> check_pin(const Observation& seen) {
  if (seen.registry->info.capabilities.chooses_client_id) return std::nullopt;
  const std::string& pinned = seen.client.status.client_id;
  const std::string& id = seen.desired.settings.client_id;
  if (pinned.empty() || pinned == id) return std::nullopt;
  if (seen.client.spec.adopt) {
    return stall(reason::kRegistryChanged, "spec.adopt.clientId: this client was issued as " + pinned +
                                               ", which cannot be changed; set it back, or create another "
                                               "ApiClient");
  }
  return stall(reason::kRegistryChanged, "this client was issued as " + pinned +
                                             ", but its registry now makes " + id +
                                             "; restore tenant and clientIdTemplate of the registry");
}

/// A mint is finished where it began, or its client would be left behind there.
std::optional<Refusal> check_fence(const Observation& seen) {
  const auto& fence = seen.client.status.rotation.in_progress;
  if (!seen.staged && !fence) return std::nullopt;
  const std::string& id = seen.staged ? seen.staged->client_id : fence->client_id;
  const api::RegistryStatus& at = seen.staged ? seen.staged->registry : fence->registry;
  const bool same_id =
      seen.registry->info.capabilities.chooses_client_id || id == seen.desired.settings.client_id;
  const std::string registry = seen.client.registry_of(at);
  const bool same = same_id && registry == seen.registry->name && at.issuer == seen.registry->spec.issuer;
  if (same) return std::nullopt;
  return stall(reason::kRegistryChanged, "client " + id + " was begun at " + api::registry_title(registry) +
                                             " and has to be finished there; set spec.registryRef to it, or "
                                             "delete and re-create this ApiClient");
}

std::optional<Refusal> check_capabilities(const Observation& seen) {
  const api::ApiClientSpec& spec = seen.client.spec;
  const backend::Capabilities& can = seen.registry->info.capabilities;
  if (can.chooses_client_id && spec.adopt) {
    return stall(reason::kNotSupportedByRegistry,
                 "spec.adopt: registry " + seen.registry->name +
                     " gives every client an id of its own; remove the field");
  }
  if (can.can_disable) return std::nullopt;
  const auto refuse = [&](const std::string& field) {
    return stall(reason::kNotSupportedByRegistry,
                 field + ": registry " + seen.registry->name + " cannot disable a client; remove the field");
  };
  if (spec.suspended) return refuse("spec.suspended");
  if (spec.deletion_policy == api::DeletionPolicy::disable) return refuse("spec.deletionPolicy: Disable");
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> find_refusal(const Observation& seen) {
  auto refusal = check_pin(seen);
  if (!refusal) refusal = check_capabilities(seen);
  if (!refusal) refusal = check_fence(seen);
  if (!refusal) refusal = check_target(seen);
  if (!refusal) refusal = check_adoption(seen);
  if (!refusal) refusal = check_registered(seen);
  return refusal;
}

}  // namespace apiclient::reconciler
