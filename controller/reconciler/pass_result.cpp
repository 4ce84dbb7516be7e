#include "reconciler/pass_result.h"

#include "api/registry_id.h"
#include "reconciler/adoption.h"
#include "reconciler/rotation_record.h"
#include "reconciler/strategy.h"

namespace apiclient::reconciler {
namespace {

/// Where the value comes from, without what the registry says of it.
CurrentCredential chosen_credential(const Observation& seen) {
  if (seen.staged) {
    return {.revision = seen.staged->revision,
            .operation_id = seen.staged->operation_id,
            .value = &seen.staged->value};
  }
  if (publishes_shown_secret(seen)) {
    return {.revision = shown_revision(seen), .value = &seen.shown->value};
  }
  const TargetSecret& published = *seen.published();
  return {.revision = published.revision(),
          .operation_id = std::string(published.operation_id()),
          .value = &published.value};
}

std::string handled_revoke(const Observation& seen, const Plan& plan) {
  if (!plan.tokens.handled_revoke.empty()) return plan.tokens.handled_revoke;
  const std::string& known = seen.client.status.rotation.last_handled_revoke;
  const bool ask_target = known.empty() && seen.published() != nullptr;
  return ask_target ? std::string(seen.published()->handled_revoke()) : known;
}

api::RotationStatus rotation_status(const Observation& seen, const Plan& plan, std::int64_t published,
                                    WallTime now) {
  const auto& before = seen.client.status.credential;
  const bool newer = !before || before->revision < published;
  return record_rotation(seen.client.status.rotation, plan.tokens, newer && !plan.tokens.reason.empty(), now);
}

std::optional<WallTime> next_time(const Observation& seen, const Plan& plan, const Succeeded& result,
                                  WallTime now) {
  if (!plan.schedule || seen.client.spec.suspended) return std::nullopt;
  const api::ApiClientStatus& before = seen.client.status;
  const bool same = before.credential && before.credential->revision == result.credential->revision;
  if (plan.announces_nothing_new && same) return before.rotation.next_time;
  return next_rotation(*plan.schedule,
                       {.published_at = *result.credential->issued_at,
                        .announced = before.rotation.next_time,
                        .overlap_until = plan.previous ? plan.previous->retire_at : std::nullopt,
                        .in_line = seen.in_line || !seen.is_its_turn},
                       now);
}

/// The effective values are the registry's, also where it made others of what it was given.
void tell_what_is_stored(const Observation& seen, Succeeded& result) {
  if (!seen.registered || !seen.registered->stored_as) return;
  const backend::ClientSettings& stored = *seen.registered->stored_as;
  result.altered = backend::differing_fields(seen.registered->settings, stored);
  result.effective.grant_types = stored.grant_types;
  result.effective.scopes = stored.scopes;
  result.effective.audiences = stored.audiences;
  result.effective.token_endpoint_auth_method = stored.token_endpoint_auth_method;
}

}  // namespace

/// A registry that does not say when it stored a secret must not make the status change with every pass.
WallTime issued_at(const Observation& seen, const CurrentCredential& current, WallTime now) {
  if (current.created_at) return *current.created_at;
  const auto& known = seen.client.status.credential;
  const bool same = known && known->revision == current.revision && known->issued_at;
  return same ? *known->issued_at : now;
}

/// Empty when nobody has looked at the consumers.
std::optional<RestartReport> restarts_of(const Observation& seen, const Plan& plan) {
  if (seen.consumers.empty()) return std::nullopt;
  return report_restarts(seen.consumers, seen.client.spec.restart_targets, plan.timed_out);
}

CurrentCredential current_credential(const Observation& seen) {
  if (!seen.desired.settings.has_secret()) return {};
  CurrentCredential current = chosen_credential(seen);
  if (!seen.registered) return current;
  for (const backend::Credential& credential : seen.registered->credentials) {
    if (credential.revision != current.revision) continue;
    current.operation_id = credential.operation_id;
    current.credential_id = credential.id;
    current.created_at = credential.created_at;
  }
  return current;
}

api::RegistryStatus registry_status_of(const RegistrySnapshot& registry) {
  return {.kind = std::string(api::registry_kind(registry.name)),
          .name = api::registry_name(registry.name),
          .issuer = registry.spec.issuer};
}

backend::OwnershipMark mark_of(const Observation& seen, std::int64_t revision) {
  const kube::ObjectMeta& meta = seen.client.meta;
  return {.installation_id = seen.installation_id,
          .namespace_name = meta.key.namespace_name,
          .name = meta.key.name,
          .uid = meta.uid,
          .revision = revision};
}

Publication publication_of(const Observation& seen, const Plan& plan, WallTime now) {
  const CurrentCredential current = current_credential(seen);
  std::optional<WallTime> next_rotation;
  if (plan.schedule) next_rotation = planned_time(*plan.schedule, issued_at(seen, current, now));
  return {.client = seen.client,
          .settings = seen.desired.settings,
          .registry = *seen.registry,
          .installation_id = seen.installation_id,
          .revision = current.revision,
          .operation_id = current.operation_id,
          .credential_id = current.credential_id,
          .value = current.value,
          .handled_rotations = plan.tokens.handled_ids,
          .handled_revoke = handled_revoke(seen, plan),
          .next_rotation = next_rotation};
}

Succeeded success_of(const Observation& seen, const Plan& plan, WallTime now) {
  const CurrentCredential current = current_credential(seen);
  Succeeded result{.client_id = seen.desired.settings.client_id,
                   .registry = registry_status_of(*seen.registry),
                   .effective = seen.desired.effective,
                   .previous = plan.previous,
                   .rotation = rotation_status(seen, plan, current.revision, now),
                   .waiting = plan.waiting,
                   .rolling_out = plan.rolling_out,
                   .restarts = restarts_of(seen, plan),
                   .suspended = seen.client.spec.suspended,
                   .clock_is_wrong = plan.clock_is_wrong,
                   .schedule_mistake = plan.schedule_mistake};
  tell_what_is_stored(seen, result);
  if (current.value == nullptr) return result;
  result.rotation.strategy = to_string(strategy_of(seen.registry->info.capabilities));
  result.credential = api::CredentialStatus{.revision = current.revision,
                                            .id = current.credential_id,
                                            .hint = hint_of(*current.value),
                                            .issued_at = issued_at(seen, current, now)};
  result.rotation.next_time = next_time(seen, plan, result, now);
  return result;
}

}  // namespace apiclient::reconciler
