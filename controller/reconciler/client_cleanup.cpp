#include "reconciler/client_cleanup.h"

#include <algorithm>

#include "api/conditions.h"
#include "api/names.h"
#include "api/registry_id.h"
#include "base/overloaded.h"
#include "reconciler/checkpoint.h"
#include "reconciler/registry_failure.h"
#include "reconciler/status_writer.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;
using Outcome = Result<std::optional<DeletionHeld>>;

constexpr std::string_view kWaysOut =
    "; to delete without the registry set spec.deletionPolicy: Retain, or the annotation "
    "apiclient.dev/abandon to the "
    "object's metadata.uid";

Outcome done() { return std::optional<DeletionHeld>(); }

Outcome done_or(Result<void>&& result) {
  if (!result) return failure_of(std::move(result));
  return done();
}

Outcome held_by_registry(Error error, const std::string& registry) {
  if (!is_registry_failure(error) && error.kind != ErrorKind::invalid) return fail(std::move(error));
  const bool refused = error.kind == ErrorKind::invalid;
  DeletionHeld held{.reason = std::string(refused ? reason::kRefusedByRegistry : registry_reason(error)),
                    .message = "registry " + registry + ": " + error.message + std::string(kWaysOut),
                    .failed_registry = registry};
  held.retry = std::move(error);
  return held;
}

/// A registry whose credentials are gone may still be asked with those that were read last.
bool may_be_asked(const RegistrySnapshot& registry) {
  return registry.connection &&
         (registry.state == RegistryState::ready || registry.reason == reason::kCredentialsNotFound ||
          registry.reason == reason::kCredentialsNotUsable);
}

bool last_finalizer_is_ours(const kube::ObjectMeta& meta) {
  return meta.finalizers.size() == 1 && meta.has_finalizer(api::kCleanupFinalizer);
}

}  // namespace

ClientCleanup::ClientCleanup(Wiring wiring) : wiring_(wiring) {}

Outcome ClientCleanup::clean_up(api::ApiClient client, bool give_up, std::stop_token stop) {
  if (!last_finalizer_is_ours(client.meta)) return done();
  ASSIGN_OR_RETURN(DeletionObservation seen, observe(std::move(client), stop));
  std::string_view left_behind;  // why
  if (needs_registry(seen)) {
    const Origin origin = *find_origin(seen);
    ASSIGN_OR_RETURN(std::optional<DeletionHeld> held, ask_registry(seen, origin, stop));
    if (held) {
      ASSIGN_OR_RETURN(const bool orphaned, is_orphaned(seen, origin, stop));
      if (!give_up && !orphaned) return held;
      left_behind = give_up ? "NamespaceGoes" : "OrphanOnDelete";
    }
  }
  ASSIGN_OR_RETURN(std::optional<DeletionHeld> held, perform_all(seen, stop));
  if (!held) log_ending(seen, left_behind);
  return held;
}

Result<DeletionObservation> ClientCleanup::observe(api::ApiClient client, std::stop_token stop) {
  DeletionObservation seen{.client = std::move(client),
                           .installation_id = wiring_.observer.installation_id()};
  seen.unstaged_client_id = wiring_.answers.client_id(seen.client.meta.uid);
  const std::string& published = seen.client.status.binding_name;
  const std::string name = published.empty() ? seen.client.secret_name() : published;
  ASSIGN_OR_RETURN(seen.staged, wiring_.observer.find_staged(seen.client, stop));
  ASSIGN_OR_RETURN(Observer::Target target, wiring_.observer.find_target(seen.client, name, stop));
  seen.target = std::move(target.secret);
  seen.target_owner = target.owner;
  ASSIGN_OR_RETURN(seen.formers, wiring_.observer.find_formers(seen.client, name, std::move(stop)));
  return seen;
}

Outcome ClientCleanup::ask_registry(DeletionObservation& seen, const Origin& origin, std::stop_token stop) {
  // After a start nobody may call a registry gone, or give it up, that has only not been looked at yet.
  if (wiring_.registries.awaits_probe(origin.registry_name)) {
    return fail(ErrorKind::unavailable, "registry " + origin.registry_name + " has not been probed yet");
  }
  if (const auto refusal = wiring_.registries.refuse_kind(origin.registry_name)) {
    return DeletionHeld{.reason = refusal->reason, .message = refusal->message + std::string(kWaysOut)};
  }
  const RegistryDirectory::Snapshot registry = wiring_.registries.find(origin.registry_name);
  if (!registry) {
    return DeletionHeld{.reason = std::string(reason::kRegistryNotFound),
                        .message = "client " + origin.client_id + " is registered at " +
                                   api::registry_title(origin.registry_name) + ", which does not exist" +
                                   std::string(kWaysOut)};
  }
  if (!may_be_asked(*registry)) {
    return DeletionHeld{.reason = registry->reason,
                        .message = "client " + origin.client_id + " cannot be removed: registry " +
                                   registry->name + ": " + registry->message + std::string(kWaysOut)};
  }
  if (registry->info.capabilities.chooses_client_id) {
    ASSIGN_OR_RETURN(seen.recorded, wiring_.registrations.list(registry->name, seen.client.meta.uid, stop));
  }
  auto& backend = registry->connection->backend();
  for (const std::string& id : other_client_ids(seen)) {
    auto other = backend.find(id, stop);
    if (!other) return held_by_registry(std::move(other).error(), registry->name);
    if (*other) seen.others.push_back(std::move(**other));
  }
  if (origin.client_id.empty()) return done();  // its registration was never answered
  auto registered = backend.find(origin.client_id, stop);
  if (!registered) return held_by_registry(std::move(registered).error(), registry->name);
  seen.registered = std::move(*registered);
  if (seen.registered || !seen.client.status.issued()) return done();
  auto whole = wiring_.state_loss.check_absent(*registry, seen.client, origin.client_id, stop);
  if (!whole) return held_by_registry(std::move(whole).error(), registry->name);
  return done();
}

Result<bool> ClientCleanup::is_orphaned(const DeletionObservation& seen, const Origin& origin,
                                        std::stop_token stop) const {
  const RegistryDirectory::Snapshot registry = wiring_.registries.find(origin.registry_name);
  if (registry) return registry->spec.orphan_on_delete && registry->state == RegistryState::failed;
  const auto& pinned = seen.client.status.registry;
  return wiring_.orphaned_registries.contains(origin.registry_name, pinned ? pinned->issuer : "",
                                              std::move(stop));
}

Outcome ClientCleanup::perform_all(DeletionObservation& seen, std::stop_token stop) {
  for (const DeletionStep& step : make_deletion_plan(seen)) {
    const std::string_view name = name_of(step);
    reach_checkpoint(name, "before", seen.client.meta.key);
    Outcome outcome = perform(step, seen, stop);
    if (!outcome) return fail(std::move(outcome).error().in(name));
    if (*outcome) return outcome;
    reach_checkpoint(name, "after", seen.client.meta.key);
  }
  return done();
}

Outcome ClientCleanup::perform(const DeletionStep& step, DeletionObservation& seen, std::stop_token stop) {
  return std::visit(
      overloaded{
          [&](const deletion_step::RemoveClient& remove) { return remove_client(remove, seen, stop); },
          [&](const deletion_step::DisableClient& disable) { return disable_client(disable, seen, stop); },
          [&](const deletion_step::DeleteTarget&) {
            return done_or(delete_target(seen, *seen.target, stop));
          },
          [&](const deletion_step::DeleteFormers&) -> Outcome {
            for (const TargetSecret& former : seen.formers)
              RETURN_IF_ERROR(delete_target(seen, former, stop));
            return done();
          },
          [&](const deletion_step::DropStaged&) { return done_or(unstage(seen, stop)); },
          [&](const deletion_step::ForgetRegistrations& forgotten) {
            return done_or(forget(forgotten, stop));
          },
          [&](const deletion_step::ReleaseFinalizer&) { return done_or(release(seen.client, stop)); }},
      step);
}

Result<RegistryDirectory::Snapshot> ClientCleanup::registry_of(const DeletionObservation& seen) const {
  RegistryDirectory::Snapshot registry = wiring_.registries.find(find_origin(seen)->registry_name);
  if (registry && registry->connection) return registry;
  return fail(ErrorKind::conflict, "the registry object has just gone");
}

Outcome ClientCleanup::remove_client(const deletion_step::RemoveClient& step, DeletionObservation& seen,
                                     std::stop_token stop) {
  ASSIGN_OR_RETURN(const RegistryDirectory::Snapshot registry, registry_of(seen));
  auto removed = registry->connection->backend().remove(step.client_id, step.expected_uid, std::move(stop));
  wiring_.report.client_removed(seen, removed);
  if (!removed) return held_by_registry(std::move(removed).error(), registry->name);
  return done();
}

Outcome ClientCleanup::disable_client(const deletion_step::DisableClient& step, DeletionObservation& seen,
                                      std::stop_token stop) {
  ASSIGN_OR_RETURN(const RegistryDirectory::Snapshot registry, registry_of(seen));
  if (!registry->info.capabilities.can_disable) {
    return DeletionHeld{.reason = std::string(reason::kNotSupportedByRegistry),
                        .message = "spec.deletionPolicy: Disable: registry " + registry->name +
                                   " cannot disable a client; set it to Delete or Retain"};
  }
  auto& backend = registry->connection->backend();
  auto disabled = backend.set_disabled(step.client_id, step.expected_uid, true, std::move(stop));
  wiring_.report.client_disabled(seen, disabled);
  if (!disabled) return held_by_registry(std::move(disabled).error(), registry->name);
  return done();
}

Result<void> ClientCleanup::delete_target(const DeletionObservation& seen, const TargetSecret& target,
                                          std::stop_token stop) {
  const kube::Preconditions as_read{.uid = target.meta.uid, .resource_version = target.meta.resource_version};
  auto deleted = wiring_.client.remove(kube::kSecrets, target.meta.key, as_read, std::move(stop));
  wiring_.report.secret_deleted(seen, target, deleted);
  return deleted;
}

Result<void> ClientCleanup::unstage(const DeletionObservation& seen, std::stop_token stop) {
  RETURN_IF_ERROR(wiring_.journal.drop(*seen.staged, std::move(stop)));
  wiring_.report.secret_unstaged(seen.client, *seen.staged);
  return {};
}

Result<void> ClientCleanup::forget(const deletion_step::ForgetRegistrations& step,
                                   const std::stop_token& stop) {
  for (const std::string& id : step.client_ids) {
    RETURN_IF_ERROR(wiring_.registrations.remove(step.registry, id, stop));
  }
  return {};
}

Result<void> ClientCleanup::release(api::ApiClient& client, std::stop_token stop) {
  std::vector<std::string> finalizers = client.meta.finalizers;
  std::erase(finalizers, api::kCleanupFinalizer);
  return write_finalizers(wiring_.client, api::kApiClients, client.meta, std::move(finalizers),
                          std::move(stop));
}

void ClientCleanup::log_ending(const DeletionObservation& seen, std::string_view left_behind) const {
  const std::string key = seen.client.meta.key.text();
  const auto origin = find_origin(seen);
  const std::string client_id = origin ? origin->client_id : "";
  if (!left_behind.empty() || abandoned_by_person(seen.client)) {
    log_.warning("client abandoned: it may still exist in the registry",
                 {{"apiclient", key}, {"client_id", client_id}});
    wiring_.report.ended(seen, Ending::abandoned, left_behind.empty() ? "Requested" : left_behind);
  } else if (origin && !needs_registry(seen)) {
    log_.info("client and Secret retained", {{"apiclient", key}, {"client_id", client_id}});
    wiring_.report.ended(seen, Ending::retained, "Retain");
  } else {
    log_.info("client removed", {{"apiclient", key}, {"client_id", client_id}});
    wiring_.report.ended(seen, Ending::removed, "Deleted");
  }
}

}  // namespace apiclient::reconciler
