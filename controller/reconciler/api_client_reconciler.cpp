#include "reconciler/api_client_reconciler.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "api/names.h"
#include "base/random.h"
#include "reconciler/plan.h"
#include "reconciler/registry_failure.h"
#include "reconciler/reregister_plan.h"
#include "reconciler/settled.h"
#include "reconciler/status_writer.h"
#include "reconciler/step_performer.h"
#include "reconciler/wake_up.h"

namespace apiclient::reconciler {
namespace {

using runtime::Action;
using std::chrono::milliseconds;

/// What stands in the way here can go away without any event that is watched (a foreign Secret, a foreign
/// client).
constexpr std::chrono::seconds kLookAgain{30};
/// A namespace that is going, with a registry that cannot be asked, is not held up for longer.
constexpr std::chrono::minutes kNamespacePatience{10};

bool may_clear_by_itself(std::string_view why) {
  return why == api::reason::kSecretNameConflict || why == api::reason::kSecretImmutable ||
         why == api::reason::kClientIdConflict || why == api::reason::kOwnedElsewhere ||
         why == api::reason::kSecretContended || why == api::reason::kRefusedByRegistry ||
         why == api::reason::kSecretRefused || why == api::reason::kAdoptedClientNotFound ||
         why == api::reason::kAdoptedSecretNotUsable || why == api::reason::kVerificationPending;
}

/// The last pass ended with a value that the registry had not accepted.
bool verification_is_open(const api::ApiClientStatus& status) {
  return std::ranges::any_of(status.conditions, [](const kube::Condition& condition) {
    return condition.reason == api::reason::kVerificationPending ||
           condition.reason == api::reason::kCredentialRejected;
  });
}

}  // namespace

ApiClientReconciler::ApiClientReconciler(Wiring wiring)
    : wiring_(std::move(wiring)),
      journal_(wiring_.client, wiring_.operator_namespace, wiring_.installation_id),
      orphaned_registries_(wiring_.client, wiring_.operator_namespace),
      observer_(wiring_.client, journal_, wiring_.claims, wiring_.formers, wiring_.installation_id),
      cleanup_({.client = wiring_.client,
                .journal = journal_,
                .answers = answers_,
                .registrations = wiring_.registrations,
                .observer = observer_,
                .registries = wiring_.registries,
                .state_loss = wiring_.state_loss,
                .orphaned_registries = orphaned_registries_,
                .report = wiring_.report}) {}

Result<Action> ApiClientReconciler::reconcile(const kube::ObjectKey& key, std::stop_token stop) {
  const auto summary = wiring_.clients.find(key);
  if (!summary) {
    wiring_.memory.forget(key);
    wiring_.client_writes.forget(key);
    wiring_.slots.forget(key);
    repairs_.forget(key);
    return Action::await_change();
  }
  // After a start: whether anything is to be done is seen when the registry has been probed.
  if (!summary->deleting && wiring_.registries.awaits_probe(summary->pinned_registry))
    return Action::await_change();
  const RaisedDoubt doubt = wiring_.memory.doubt(key);
  if (is_settled_in_cache(*summary)) {
    if (!rotation_is_due(*summary, wiring_.clock.wall_now())) return rest(*summary);
    // Asking for a turn costs no read.
    if (wiring_.slots.is_in_line(key) && wiring_.slots.all_taken()) {
      return Action::requeue_after(turn_pause());
    }
  }
  ASSIGN_OR_RETURN(std::optional<api::ApiClient> client, observer_.find_client(key, stop));
  if (!client) return Action::await_change();
  if (client->meta.annotation(api::kPausedAnnotation) == "true") return pause(*client, std::move(stop));
  return client->meta.deleting() ? clean_up(std::move(*client), std::move(stop))
                                 : apply(std::move(*client), doubt, std::move(stop));
}

bool ApiClientReconciler::is_settled_in_cache(const api::ApiClientSummary& summary) const {
  if (wiring_.memory.doubt(summary.key).doubt != Doubt::none) return false;
  const auto registry = wiring_.registries.find(summary.pinned_registry);
  if (registry && !allows_namespace(*registry, namespace_labels(summary.key.namespace_name))) return false;
  const auto target =
      wiring_.secrets.find({.namespace_name = summary.key.namespace_name, .name = summary.binding_name});
  const bool staged = wiring_.secrets.find(staged_key(wiring_.operator_namespace, summary.uid)) != nullptr;
  const bool settled = is_settled({.client = summary,
                                   .target = target.get(),
                                   .staged = staged,
                                   .has_former = !wiring_.formers.of(summary.uid).empty(),
                                   .registry = registry.get()});
  // One that was given up before anything was issued has no registry that could have failed since.
  const bool given_up = summary.stalled && summary.pinned_registry.empty();
  const bool registry_well = registry ? registry->state == RegistryState::ready : given_up;
  return settled ||
         (registry_well && wiring_.memory.is_settled_version(summary.key, summary.resource_version));
}

bool ApiClientReconciler::is_published_in_cache(const api::ApiClient& client) const {
  const auto target = wiring_.secrets.find(
      {.namespace_name = client.meta.key.namespace_name, .name = client.status.binding_name});
  return target && target->owner_uid == client.meta.uid;
}

Action ApiClientReconciler::rest(const api::ApiClientSummary& summary) {
  const auto registry = wiring_.registries.find(summary.pinned_registry);
  const milliseconds interval = registry ? registry->spec.resync_interval : milliseconds(0);
  const auto rotation = sleep_until(summary.next_rotation, wiring_.clock.wall_now());
  if (interval.count() == 0) return wake_in(rotation);
  const BootTime now = wiring_.clock.now();
  // After a start the first look is spread over the whole interval.
  const auto spread =
      milliseconds(static_cast<milliseconds::rep>(static_cast<double>(interval.count()) * random_unit()));
  const BootTime due = wiring_.memory.next_check(summary.key, now + spread);
  if (due <= now) {
    wiring_.memory.request_check(summary.key, Doubt::state);
    return Action::requeue_after(milliseconds(0));
  }
  const auto check = std::chrono::duration_cast<milliseconds>(due - now) + milliseconds(1);
  return wake_in(sooner(check, rotation));
}

Result<Action> ApiClientReconciler::pause(api::ApiClient& client, std::stop_token stop) {
  constexpr std::string_view kMessage = "paused by the annotation apiclient.dev/paused; remove it to go on";
  const std::string why(api::reason::kPaused);
  if (client.meta.deleting()) {
    RETURN_IF_ERROR(
        write_outcome(client, DeletionHeld{.reason = why, .message = std::string(kMessage)}, stop));
  } else if (!client.status.issued()) {
    return hold(client, {.refusal = {.reason = why, .message = std::string(kMessage)}}, std::move(stop));
  }
  return Action::await_change();
}

Result<Action> ApiClientReconciler::apply(api::ApiClient client, const RaisedDoubt& doubt,
                                          std::stop_token stop) {
  const Resolution resolution =
      wiring_.registries.resolve(client, namespace_labels(client.meta.key.namespace_name));
  if (std::holds_alternative<NotYetKnown>(resolution)) return Action::await_change();
  if (const auto* refusal = std::get_if<Refusal>(&resolution))
    return hold(client, {.refusal = *refusal}, stop);
  auto registry = std::get<RegistryDirectory::Snapshot>(resolution);
  if (registry->state == RegistryState::ready) {
    return apply_at(std::move(client), std::move(registry), doubt, std::move(stop));
  }
  const Held held{
      .refusal = {.reason = registry->reason, .message = registry_message(registry->name, registry->reason)},
      .published_works = is_published_in_cache(client) && registry->reason != api::reason::kStateLost,
      .degraded = registry->degraded};
  return hold(client, held, std::move(stop));
}

Result<Action> ApiClientReconciler::apply_at(api::ApiClient client, RegistryDirectory::Snapshot registry,
                                             const RaisedDoubt& doubt, std::stop_token stop) {
  auto desired = desired_client(client, *registry);
  if (const auto* refusal = std::get_if<Refusal>(&desired)) return hold(client, {.refusal = *refusal}, stop);
  const std::string_view token = client.meta.annotation(api::kReconcileAnnotation);
  const bool asked =
      !token.empty() && token != client.status.last_handled_reconcile && client.status.issued();
  const bool check = asked || doubt.doubt == Doubt::secret || verification_is_open(client.status);
  ASSIGN_OR_RETURN(Observation seen, observer_.observe(std::move(client), std::move(registry),
                                                       std::move(std::get<DesiredClient>(desired)), stop));
  if (const auto& fence = seen.client.status.rotation.in_progress) {
    seen.fenced_outcome = answers_.outcome(seen.client.meta.uid, fence->operation_id);
  }
  auto looked = Observer::observe_registry(seen, check, stop);
  if (looked) looked = wiring_.state_loss.check(seen, stop);
  if (looked) {
    RETURN_IF_ERROR(observe_records(seen, stop));
    RETURN_IF_ERROR(observer_.observe_adoption(seen, stop));
    RETURN_IF_ERROR(observer_.observe_consumers(seen, stop));
    return run_plan(seen, doubt, std::move(stop));
  }
  auto held = held_by_registry(std::move(looked).error(), seen.registry->name);
  if (!held) return failure_of(std::move(held));
  (*held)->published_works = seen.published_works();
  return hold(seen.client, **held, std::move(stop));
}

/// A read more, in the rare case that a pass was cut off where only a record names what it has made.
Result<void> ApiClientReconciler::observe_records(Observation& seen, const std::stop_token& stop) {
  const bool picks_ids = seen.registry->info.capabilities.chooses_client_id;
  if (!picks_ids || !may_have_unnamed_clients(seen)) return {};
  ASSIGN_OR_RETURN(std::vector<RecordedClient> recorded,
                   wiring_.registrations.list(seen.registry->name, seen.client.meta.uid, stop));
  seen.unnamed_clients = unnamed_clients(seen, std::move(recorded));
  return {};
}

Plan ApiClientReconciler::plan_in_turn(Observation& seen) {
  const kube::ObjectKey& key = seen.client.meta.key;
  seen.in_line = wiring_.slots.is_in_line(key);
  seen.holds_slot = wiring_.slots.is_held_by(key);
  const WallTime now = wiring_.clock.wall_now();
  seen.clock_trusted = std::chrono::abs(wiring_.clock_skew()) <= kTolerableSkew;  // of `now`: asked after it
  Plan plan = make_plan(seen, now);
  if (plan.goes_on_rolling_out && !plan.rotates_by_schedule) return plan;
  if (!plan.rotates_by_schedule) {
    wiring_.slots.forget(key);
    return plan;
  }
  if (wiring_.slots.take(key)) return plan;
  seen.is_its_turn = false;
  return make_plan(seen, now);
}

Result<Action> ApiClientReconciler::run_plan(Observation& seen, const RaisedDoubt& doubt,
                                             std::stop_token stop) {
  const kube::ObjectKey& key = seen.client.meta.key;
  SlotReturn at_end(wiring_.slots, key);
  const Plan plan = plan_in_turn(seen);
  if (plan.stop) return hold(seen.client, {.refusal = *plan.stop}, std::move(stop));
  const std::string other = seen.target && seen.target_is_ours() ? foreign_writer(seen.target->object) : "";
  const bool contended = !other.empty() && repairs_.is_contended(key, wiring_.clock.now());
  StepPerformer performer({.client = wiring_.client,
                           .journal = journal_,
                           .answers = answers_,
                           .registrations = wiring_.registrations,
                           .clock = wiring_.clock,
                           .report = wiring_.report,
                           .contended_by = contended ? other : ""},
                          seen, plan, stop);
  auto outcome = performer.perform_all();
  if (!performer.written_target_version().empty()) {
    wiring_.secret_writes.wrote(seen.target->meta.key, performer.written_target_version());
    if (!other.empty()) repairs_.repaired(key, wiring_.clock.now());
  }
  if (!outcome) return hold_or_fail(seen, std::move(outcome).error(), std::move(stop));
  if (!*outcome) {
    if (plan.goes_on_rolling_out) at_end.keep();
    return finish(seen, plan, doubt);
  }
  (*outcome)->published_works = seen.published_works();
  auto action = hold(seen.client, **outcome, std::move(stop));
  // The event of the own write of the status is no change that the client could wait for.
  if (action && !action->after) {
    wiring_.memory.succeeded(key, seen.client.meta.resource_version, std::nullopt, doubt);
  }
  return action;
}

Result<Action> ApiClientReconciler::hold_or_fail(Observation& seen, Error error, std::stop_token stop) {
  if (error.kind != ErrorKind::forbidden) return fail(std::move(error));
  Held held{.refusal = {.reason = std::string(api::reason::kRetrying),
                        .message = "the Kubernetes API refuses the operator: " + error.message},
            .published_works = seen.published_works()};
  held.retry = std::move(error);
  return hold(seen.client, held, std::move(stop));
}

Result<Action> ApiClientReconciler::finish(const Observation& seen, const Plan& plan,
                                           const RaisedDoubt& doubt) {
  const milliseconds interval = seen.registry->spec.resync_interval;
  std::optional<BootTime> next_check;
  if (interval.count() > 0) next_check = wiring_.clock.now() + jittered(interval);
  wiring_.client_writes.wrote(seen.client.meta.key, seen.client.meta.resource_version);
  wiring_.memory.succeeded(seen.client.meta.key, seen.client.meta.resource_version, next_check, doubt);
  if (plan.look_again) wiring_.memory.request_check(seen.client.meta.key, Doubt::state);
  std::optional<milliseconds> check;
  if (next_check) check = std::chrono::ceil<milliseconds>(*next_check - wiring_.clock.now());
  const auto look_again = sleep_until(plan.look_again, wiring_.clock.wall_now());
  return wake_in(sooner(sooner(look_again, check), until_rotation(seen, plan)));
}

std::optional<milliseconds> ApiClientReconciler::until_rotation(const Observation& seen,
                                                                const Plan& plan) const {
  if (!seen.is_its_turn) return turn_pause();
  const auto& next = seen.client.status.rotation.next_time;
  const WallTime now = wiring_.clock.wall_now();
  // What keeps one waiting whose time has come says itself when to look again.
  const bool is_kept_waiting = plan.look_again && next && *next <= now;
  return is_kept_waiting ? std::nullopt : sleep_until(next, now);
}

Result<Action> ApiClientReconciler::hold(api::ApiClient& client, const Held& held, std::stop_token stop) {
  if (!held.failed_registry.empty()) wiring_.suspect_registry(held.failed_registry);
  RETURN_IF_ERROR(write_outcome(client, held, std::move(stop)));
  if (held.retry) return fail(*held.retry);
  return may_clear_by_itself(held.refusal.reason) ? Action::requeue_after(kLookAgain)
                                                  : Action::await_change();
}

Result<Action> ApiClientReconciler::clean_up(api::ApiClient client, std::stop_token stop) {
  ASSIGN_OR_RETURN(const std::optional<DeletionHeld> held,
                   cleanup_.clean_up(client, namespace_is_lost(client), stop));
  if (!held) {
    answers_.forget(client.meta.uid);
    return Action::await_change();
  }
  if (!held->failed_registry.empty()) wiring_.suspect_registry(held->failed_registry);
  RETURN_IF_ERROR(write_outcome(client, *held, std::move(stop)));
  if (held->retry) return fail(*held->retry);
  return Action::requeue_after(kLookAgain);
}

bool ApiClientReconciler::namespace_is_lost(const api::ApiClient& client) const {
  const auto space = wiring_.namespaces.find({.namespace_name = "", .name = client.meta.key.namespace_name});
  return space && space->deletion_timestamp &&
         wiring_.clock.wall_now() - *space->deletion_timestamp > kNamespacePatience;
}

kube::StringMap ApiClientReconciler::namespace_labels(const std::string& name) const {
  const auto space = wiring_.namespaces.find({.namespace_name = "", .name = name});
  return space ? space->labels : kube::StringMap();
}

Result<void> ApiClientReconciler::write_outcome(api::ApiClient& client, const PassOutcome& outcome,
                                                std::stop_token stop) {
  const Json before = api::write_status(client.status);
  const api::ApiClientStatus after = summarise(client, outcome, wiring_.clock.wall_now());
  RETURN_IF_ERROR(write_status_if_changed(wiring_.client, api::kApiClients, client.meta, before,
                                          api::write_status(after), std::move(stop)));
  wiring_.report.status_written(client, after);
  wiring_.client_writes.wrote(client.meta.key, client.meta.resource_version);
  return {};
}

}  // namespace apiclient::reconciler
