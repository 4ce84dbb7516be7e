#include "reconciler/action_reporter.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/event_reasons.h"
#include "api/names.h"
#include "reconciler/rotation_record.h"
#include "reconciler/rotation_token.h"
#include "reconciler/status_events.h"

namespace apiclient::reconciler {
namespace {

using kube::EventType;
using telemetry::AuditAction;
using telemetry::AuditOutcome;
using telemetry::AuditRecord;

/// Empty: it was not done.
template <typename T>
std::optional<AuditOutcome> outcome_of(const Result<T>& result) {
  if (result) return AuditOutcome::done;
  if (outcome_unknown(result.error())) return AuditOutcome::unknown;
  return std::nullopt;
}

template <typename T>
void audit(AuditRecord record, const Result<T>& result) {
  const auto outcome = outcome_of(result);
  if (!outcome) return;
  record.outcome = *outcome;
  telemetry::write_audit(record);
}

const backend::Credential* find_revision(const backend::RegisteredClient& client, std::int64_t revision) {
  for (const backend::Credential& one : client.credentials) {
    if (one.revision == revision) return &one;
  }
  return nullptr;
}

const backend::Credential* find_id(const backend::RegisteredClient& client, const std::string& id) {
  for (const backend::Credential& one : client.credentials) {
    if (one.id == id) return &one;
  }
  return nullptr;
}

std::string id_in(std::string_view token) {
  const auto parsed = parse_rotation_token(token);
  return parsed ? parsed->id : "";
}

/// Of the token that asked for the mint that is under way.
std::string token_id(const Observation& seen) {
  std::string_view token = seen.staged ? std::string_view(seen.staged->token) : std::string_view();
  const bool consumed_by_issue = token.empty() && !seen.client.status.issued();
  if (consumed_by_issue) token = seen.client.meta.annotation(api::kRotateAnnotation);
  return id_in(token);
}

/// What began the mint that is under way.
std::string kind_of_mint(const Observation& seen) {
  if (seen.staged) return seen.staged->kind;
  return seen.client.status.issued() ? "Restore" : "Issue";
}

/// Another's client or Secret of that name was left alone.
std::string what_went(const DeletionObservation& seen, const Origin& origin) {
  const std::string registry = " registry " + origin.registry_name;
  const ClientOwner owner = owner_of(seen.registered, seen.client.meta, seen.installation_id);
  std::string text = "client " + origin.client_id;
  if (owner == ClientOwner::us) {
    text += " is removed from" + registry;
  } else {
    text += (owner == ClientOwner::nobody ? " had already gone from" : " is another's now in") + registry;
  }
  if (seen.target && seen.target_is_ours()) text += ", and its Secret is deleted";
  return text;
}

void add_credential(AuditRecord& record, const backend::NewCredential& credential) {
  record.revision = credential.revision;
  record.operation_id = credential.operation_id;
}

}  // namespace

ActionReporter::ActionReporter(Wiring wiring) : wiring_(std::move(wiring)) {}

void ActionReporter::client_created(const Observation& seen, const backend::NewCredential* credential,
                                    const Result<backend::RegisteredClient>& created) const {
  AuditRecord line = record(AuditAction::client_created, seen);
  line.reason = kind_of_mint(seen);
  line.token = token_id(seen);
  if (credential != nullptr) {
    add_credential(line, *credential);
    const auto* stored = created ? find_revision(*created, credential->revision) : nullptr;
    if (stored != nullptr) line.credential_id = stored->id;
  }
  audit(std::move(line), created);
  if (!created || !seen.client.status.issued()) return;
  tell(seen.client, EventType::warning, api::event_reason::kClientRestored, "Recover",
       "client " + seen.desired.settings.client_id + " was missing in registry " + seen.registry->name +
           " and is registered again");
}

void ActionReporter::client_updated(const Observation& seen,
                                    const Result<backend::RegisteredClient>& updated) const {
  const bool asked = seen.client.status.observed_generation != seen.client.meta.generation;
  AuditRecord line = record(AuditAction::client_updated, seen);
  const bool adopted = seen.registered && !seen.registered->mark;
  line.reason = adopted ? "Adopted" : (asked ? "SpecChanged" : "Drift");
  audit(std::move(line), updated);
  // One that is being issued, or taken over, has an Event of its own.
  if (!updated || !seen.client.status.issued()) return;
  const std::string client = "client " + seen.desired.settings.client_id;
  if (asked) {
    return tell(seen.client, EventType::normal, api::event_reason::kUpdated, "Update",
                client + " is changed in registry " + seen.registry->name + " as the spec says");
  }
  tell(seen.client, EventType::normal, api::event_reason::kDriftCorrected, "Update",
       client + " was not as declared in registry " + seen.registry->name + " and is put right");
}

void ActionReporter::credential_added(const Observation& seen, const backend::NewCredential& credential,
                                      const Result<backend::Credential>& added) const {
  credential_stored(AuditAction::credential_added, seen, credential, added);
}

void ActionReporter::credential_rotated(const Observation& seen, const backend::NewCredential& wanted,
                                        const Result<backend::Registration>& made) const {
  using Added = Result<backend::Credential>;
  const bool known = made && !made->client.credentials.empty();
  credential_stored(AuditAction::credential_added, seen, wanted,
                    known  ? Added(made->client.credentials.back())
                    : made ? Added(backend::Credential{.revision = wanted.revision})
                           : Added(fail(made.error())));
}

void ActionReporter::credential_replaced(const Observation& seen, const backend::NewCredential& credential,
                                         const Result<backend::Credential>& replaced) const {
  credential_stored(AuditAction::credential_replaced, seen, credential, replaced);
}

void ActionReporter::credential_stored(AuditAction action, const Observation& seen,
                                       const backend::NewCredential& credential,
                                       const Result<backend::Credential>& stored) const {
  AuditRecord line = record(action, seen);
  line.reason = kind_of_mint(seen);
  line.token = token_id(seen);
  add_credential(line, credential);
  if (stored) line.credential_id = stored->id;
  audit(std::move(line), stored);
}

void ActionReporter::client_registered(const Observation& seen, const api::InProgress& fence,
                                       const Result<backend::Registration>& made) const {
  AuditRecord line = record(AuditAction::client_created, seen);
  line.client_id = made ? made->client.settings.client_id : "";
  line.reason = fence.kind;
  line.token = id_in(fence.token);
  line.revision = fence.revision;
  line.operation_id = fence.operation_id;
  audit(std::move(line), made);
}

void ActionReporter::answer_lost(const Observation& seen, const api::InProgress& fence) const {
  const backend::Capabilities& can = seen.registry->info.capabilities;
  const bool registers = can.chooses_client_id;
  if (!registers && !can.chooses_rotated_secret) return;
  AuditRecord line = record(registers ? AuditAction::registration_lost : AuditAction::credential_lost, seen);
  if (registers) line.client_id = "";
  line.revision = fence.revision;
  line.operation_id = fence.operation_id;
  audit(std::move(line), Result<void>());
  if (registers) wiring_.metrics.registration_lost(seen.registry->name);
}

void ActionReporter::former_removed(const Observation& seen, const std::string& client_id,
                                    const Result<void>& removed) const {
  AuditRecord line = record(AuditAction::client_removed, seen);
  line.client_id = client_id;
  line.reason = "Superseded";
  audit(std::move(line), removed);
}

void ActionReporter::credential_retired(const Observation& seen, const std::string& credential_id,
                                        const Result<void>& retired) const {
  AuditRecord line = record(AuditAction::credential_retired, seen);
  line.credential_id = credential_id;
  const auto* credential = seen.registered ? find_id(*seen.registered, credential_id) : nullptr;
  if (credential != nullptr) {
    line.revision = credential->revision;
    line.operation_id = credential->operation_id;
  }
  const bool newest = credential != nullptr && seen.staged && credential->revision == seen.staged->revision;
  line.reason = newest ? "Rejected" : "Superseded";
  audit(std::move(line), retired);
}

void ActionReporter::client_disabled(const Observation& seen, bool disabled,
                                     const Result<backend::RegisteredClient>& changed) const {
  AuditRecord line = record(disabled ? AuditAction::client_disabled : AuditAction::client_enabled, seen);
  line.reason = "SpecChanged";
  audit(std::move(line), changed);
}

void ActionReporter::client_disabled(const DeletionObservation& seen,
                                     const Result<backend::RegisteredClient>& disabled) const {
  AuditRecord line = record(AuditAction::client_disabled, seen);
  line.reason = "Deleted";
  audit(std::move(line), disabled);
}

void ActionReporter::client_removed(const DeletionObservation& seen, const Result<void>& removed) const {
  AuditRecord line = record(AuditAction::client_removed, seen);
  line.reason = "Deleted";
  audit(std::move(line), removed);
}

void ActionReporter::secret_staged(const Observation& seen, const Result<StagedCredential>& staged) const {
  AuditRecord line = record(AuditAction::secret_staged, seen);
  if (staged) {
    line.secret = staged->key.text();
    line.revision = staged->revision;
    line.operation_id = staged->operation_id;
    line.reason = staged->kind;
    line.token = id_in(staged->token);
  }
  audit(std::move(line), staged);
}

void ActionReporter::secret_unstaged(const api::ApiClient& client, const StagedCredential& staged) const {
  AuditRecord line = record(AuditAction::secret_unstaged, client);
  line.registry = client.registry_of(staged.registry);
  line.client_id = staged.client_id;
  line.secret = staged.key.text();
  line.revision = staged.revision;
  line.operation_id = staged.operation_id;
  audit(std::move(line), Result<void>());
}

void ActionReporter::staged_swept(const kube::ObjectMeta& secret, const Result<void>& deleted) const {
  audit({.action = AuditAction::secret_unstaged,
         .namespace_name = std::string(secret.annotation(api::kOwnerNamespaceAnnotation)),
         .name = std::string(secret.label(api::kNameLabel)),
         .uid = std::string(secret.annotation(api::kOwnerUidAnnotation)),
         .secret = secret.key.text(),
         .reason = "OwnerGone",
         .installation_id = wiring_.installation_id},
        deleted);
}

void ActionReporter::secret_published(const Publication& publication, const std::string& name,
                                      const Result<Json>& written) const {
  AuditRecord line = record(AuditAction::secret_published, publication.client);
  line.registry = publication.registry.name;
  line.client_id = publication.settings.client_id;
  line.secret = kube::ObjectKey{publication.client.meta.key.namespace_name, name}.text();
  line.revision = publication.value != nullptr ? publication.revision : 0;
  line.operation_id = publication.operation_id;
  line.credential_id = publication.credential_id;
  if (publication.value != nullptr) line.hint = hint_of(*publication.value);
  audit(std::move(line), written);
}

void ActionReporter::former_deleted(const Observation& seen, const TargetSecret& former,
                                    const Result<void>& deleted) const {
  AuditRecord line = record(AuditAction::secret_deleted, seen);
  line.reason = "Renamed";
  line.secret = former.meta.key.text();
  line.revision = former.revision();
  line.credential_id = std::string(former.credential_id());
  audit(std::move(line), deleted);
}

void ActionReporter::secret_deleted(const DeletionObservation& seen, const TargetSecret& target,
                                    const Result<void>& deleted) const {
  AuditRecord line = record(AuditAction::secret_deleted, seen);
  line.reason = "Deleted";
  line.secret = target.meta.key.text();
  line.revision = target.revision();
  line.credential_id = std::string(target.credential_id());
  audit(std::move(line), deleted);
}

void ActionReporter::status_written(const api::ApiClient& client, const api::ApiClientStatus& after) const {
  for (kube::Event& event : events_between(client, after)) wiring_.events.record(std::move(event));
  const std::string rotated = reason_of_rotation(client.status, after);
  if (!rotated.empty()) wiring_.metrics.rotated(rotated);
  if (refuses_token(client.status.rotation, after.rotation)) wiring_.metrics.rotation_refused();
}

void ActionReporter::status_written(const api::ClientRegistry& registry,
                                    const api::ClientRegistryStatus& after) const {
  for (kube::Event& event : events_between(registry, after)) wiring_.events.record(std::move(event));
}

void ActionReporter::ended(const DeletionObservation& seen, Ending ending, std::string_view why) const {
  const auto origin = find_origin(seen);
  if (!origin) return;  // it was never registered: nothing has ended
  const std::string client = "client " + origin->client_id;
  const auto audit_end = [&](AuditAction action) {
    AuditRecord line = record(action, seen);
    line.reason = std::string(why);
    audit(std::move(line), Result<void>());
  };
  switch (ending) {
    case Ending::removed:
      return tell(seen.client, EventType::normal, api::event_reason::kDeleted, "Delete",
                  what_went(seen, *origin));
    case Ending::retained:
      audit_end(AuditAction::client_retained);
      return tell(seen.client, EventType::normal, api::event_reason::kRetained, "Delete",
                  client + " stays in registry " + origin->registry_name +
                      ", and so does its Secret: spec.deletionPolicy is Retain");
    case Ending::abandoned:
      audit_end(AuditAction::client_abandoned);
      wiring_.metrics.client_abandoned(origin->registry_name);
      return tell(seen.client, EventType::warning, api::event_reason::kAbandoned, "Delete",
                  client + " is given up: it may still exist in registry " + origin->registry_name);
  }
}

AuditRecord ActionReporter::record(AuditAction action, const api::ApiClient& client) const {
  return {.action = action,
          .namespace_name = client.meta.key.namespace_name,
          .name = client.meta.key.name,
          .uid = client.meta.uid,
          .installation_id = wiring_.installation_id};
}

AuditRecord ActionReporter::record(AuditAction action, const Observation& seen) const {
  AuditRecord line = record(action, seen.client);
  line.registry = seen.registry->name;
  line.client_id = seen.desired.settings.client_id;
  return line;
}

AuditRecord ActionReporter::record(AuditAction action, const DeletionObservation& seen) const {
  AuditRecord line = record(action, seen.client);
  if (const auto origin = find_origin(seen)) {
    line.registry = origin->registry_name;
    line.client_id = origin->client_id;
  }
  return line;
}

void ActionReporter::tell(const api::ApiClient& client, EventType type, std::string_view reason,
                          std::string_view action, std::string note) const {
  wiring_.events.record({.regarding = kube::reference_to(api::kApiClients, client.meta.key, client.meta.uid),
                         .type = type,
                         .reason = std::string(reason),
                         .action = std::string(action),
                         .note = std::move(note)});
}

}  // namespace apiclient::reconciler
