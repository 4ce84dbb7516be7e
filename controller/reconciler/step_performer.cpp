#include "reconciler/step_performer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "api/names.h"
#include "base/random.h"
#include "reconciler/adoption.h"
#include "reconciler/checkpoint.h"
#include "reconciler/pass_result.h"
#include "reconciler/registry_failure.h"
#include "reconciler/secret_repairs.h"
#include "reconciler/status_writer.h"
#include "reconciler/strategy.h"
#include "reconciler/workload_restarter.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;
using Outcome = StepPerformer::Outcome;

constexpr int kRejectionsBeforeStalled = 3;

Outcome done() { return std::optional<Held>(); }

Outcome done_or(Result<void>&& result) {
  if (!result) return failure_of(std::move(result));
  return done();
}

/// The cluster refuses our Secret: by a rule (a person must act) or for lack of room or rights (may pass).
Outcome held_by_cluster(Error error, const std::string& secret_name) {
  const bool refused = error.kind == ErrorKind::invalid;
  if (!refused && error.kind != ErrorKind::forbidden) return fail(std::move(error));
  Held held{.refusal = {.reason = std::string(reason::kSecretRefused),
                        .message = "Secret " + secret_name + " cannot be written: " + error.message,
                        .stalled = refused}};
  if (!refused) held.retry = std::move(error);
  return held;
}

Held held_by_contention(const std::string& secret_name, const std::string& other) {
  return {.refusal = {.reason = std::string(reason::kSecretContended),
                      .message = "Secret " + secret_name + " was put right " +
                                 std::to_string(SecretRepairs::kMostAnHour) +
                                 " times within an hour, and field manager " + other +
                                 " has written into it again; stop that writer, or set spec.secret.name to "
                                 "another name",
                      .stalled = true}};
}

}  // namespace

Outcome held_by_registry(Error error, const std::string& registry_name) {
  if (error.kind == ErrorKind::invalid) {
    return Held{.refusal = {.reason = std::string(reason::kRefusedByRegistry),
                            .message = "registry " + registry_name + " refuses this client: " + error.message,
                            .stalled = true}};
  }
  if (!is_registry_failure(error)) return fail(std::move(error));
  Held held{.refusal = {.reason = std::string(registry_reason(error)),
                        .message = failure_message(registry_name, error)},
            .failed_registry = registry_name};
  held.retry = std::move(error);
  return held;
}

StepPerformer::StepPerformer(Wiring wiring, Observation& seen, const Plan& plan, std::stop_token stop)
    : wiring_(std::move(wiring)),
      seen_(seen),
      plan_(plan),
      stop_(std::move(stop)),
      first_issuance_(seen.first_issuance()),
      log_(telemetry::Log().with({{"apiclient", seen.client.meta.key.text()}})) {}

bool StepPerformer::would_write_target() const {
  const bool mints = std::ranges::any_of(plan_.steps, [](const Step& step) {
    return std::holds_alternative<step::Stage>(step) || std::holds_alternative<step::StageAnswer>(step);
  });
  return mints || (seen_.target && target_object(publication_of(seen_, plan_)) != seen_.target->object);
}

Outcome StepPerformer::perform_all() {
  if (!wiring_.contended_by.empty() && would_write_target()) {
    return held_by_contention(seen_.client.secret_name(), wiring_.contended_by);
  }
  for (const Step& step : plan_.steps) {
    const std::string_view name = name_of(step);
    reach_checkpoint(name, "before");
    Outcome outcome = std::visit([this](const auto& one) { return perform(one); }, step);
    if (!outcome) return fail(std::move(outcome).error().in(name));
    if (*outcome) return outcome;
    log_.debug("step done", {{"step", name}});
    reach_checkpoint(name, "after");
  }
  return done();
}

Outcome StepPerformer::perform(const step::AddFinalizer& /*step*/) {
  std::vector<std::string> finalizers = seen_.client.meta.finalizers;
  finalizers.emplace_back(api::kCleanupFinalizer);
  return done_or(
      write_finalizers(wiring_.client, api::kApiClients, seen_.client.meta, std::move(finalizers), stop_));
}

std::string StepPerformer::kind_of_mint(std::string_view token) const {
  if (!token.empty()) return "Rotate";
  return first_issuance_ ? "Issue" : std::string(kRecoverKind);
}

Outcome StepPerformer::perform(const step::Fence& step) {
  api::ApiClientStatus status = seen_.client.status;
  if (status.rotation.in_progress) wiring_.report.registration_lost(seen_, *status.rotation.in_progress);
  status.rotation.in_progress = api::InProgress{.operation_id = random_id(),
                                                .kind = kind_of_mint(step.token),
                                                .revision = step.revision,
                                                .token = step.token,
                                                .client_id = seen_.desired.settings.client_id,
                                                .registry = registry_status_of(*seen_.registry)};
  return write_status(status);
}

Outcome StepPerformer::perform(const step::Stage& step) {
  StagedCredential staged{.operation_id = random_id(),
                          .kind = kind_of_mint(step.token),
                          .token = step.token,
                          .revision = step.revision,
                          .client_id = seen_.desired.settings.client_id,
                          .registry = registry_status_of(*seen_.registry),
                          .value = random_secret()};
  auto stored = wiring_.journal.stage(std::move(staged), seen_.client.meta, stop_);
  wiring_.report.secret_staged(seen_, stored);
  if (!stored) return failure_of(std::move(stored));
  seen_.staged = std::move(*stored);
  return done();
}

Outcome StepPerformer::perform(const step::CreateClient& step) {
  const CurrentCredential from = current_credential(seen_);
  const bool staged = step.value == step::ValueFrom::staged;
  const backend::NewCredential credential{.operation_id = staged ? from.operation_id : random_id(),
                                          .revision = from.revision,
                                          .value = from.value};
  const bool with_secret = step.value != step::ValueFrom::none;
  auto created = backend().create(seen_.desired.settings, mark_of(seen_, from.revision),
                                  with_secret ? &credential : nullptr, stop_);
  wiring_.report.client_created(seen_, with_secret ? &credential : nullptr, created);
  if (!created) return after_create_failed(std::move(created).error());
  seen_.registered = std::move(*created);
  return done();
}

Outcome StepPerformer::after_create_failed(Error error) {
  const bool for_the_dead = error.kind == ErrorKind::conflict && error.code == "deleted_operation";
  if (for_the_dead && seen_.staged) RETURN_IF_ERROR(unstage());
  return held_by_registry(std::move(error), seen_.registry->name);
}

/// Retired since (a crash before the staged Secret could go), or left behind by a newer mint: never to be
/// taken again.
StepPerformer::Outcome StepPerformer::after_add_failed(Error error) {
  const bool never = error.kind == ErrorKind::conflict &&
                     (error.code == "deleted_operation" || error.code == "revision_conflict");
  if (never) RETURN_IF_ERROR(unstage());
  return held_by_registry(std::move(error), seen_.registry->name);
}

Outcome StepPerformer::perform(const step::UpdateClient& /*step*/) {
  const backend::OwnershipMark before = *seen_.registered->mark;
  auto updated = backend().update(seen_.desired.settings, mark_of(seen_, before.revision), before.uid, stop_);
  wiring_.report.client_updated(seen_, updated);
  if (!updated) return held_by_registry(std::move(updated).error(), seen_.registry->name);
  seen_.registered = std::move(*updated);
  return done();
}

Outcome StepPerformer::perform(const step::AdoptClient& /*step*/) {
  const auto& secrets = seen_.registered->credentials;
  const std::int64_t newest = secrets.empty() ? 0 : secrets.back().revision;
  auto adopted =
      backend().adopt(seen_.desired.settings, mark_of(seen_, newest), seen_.registered->etag, stop_);
  wiring_.report.client_updated(seen_, adopted);
  if (!adopted) return held_by_registry(std::move(adopted).error(), seen_.registry->name);
  seen_.registered = std::move(*adopted);
  return done();
}

Outcome StepPerformer::perform(const step::DisableClient& /*step*/) { return set_disabled(true); }
Outcome StepPerformer::perform(const step::EnableClient& /*step*/) { return set_disabled(false); }

Outcome StepPerformer::set_disabled(bool disabled) {
  auto done_so =
      backend().set_disabled(seen_.desired.settings.client_id, seen_.registered->mark->uid, disabled, stop_);
  wiring_.report.client_disabled(seen_, disabled, done_so);
  if (!done_so) return held_by_registry(std::move(done_so).error(), seen_.registry->name);
  seen_.registered = std::move(*done_so);
  return done();
}

Outcome StepPerformer::perform(const step::RetireOldest& step) { return retire({step.credential_id}); }
Outcome StepPerformer::perform(const step::RetireOlder& step) {
  if (!written_target_version_.empty()) RETURN_IF_ERROR(read_back());
  return retire(step.credential_ids);
}

/// An older secret goes only when the newer one can be read in the cluster.
Result<void> StepPerformer::read_back() {
  ASSIGN_OR_RETURN(const std::optional<Json> object,
                   wiring_.client.find(kube::kSecrets, seen_.target->meta.key, stop_));
  if (!object) return fail(ErrorKind::conflict, "the published Secret has just gone");
  ASSIGN_OR_RETURN(const TargetSecret live, read_target(*object));
  const bool same = live.meta.uid == seen_.target->meta.uid && live.revision() == seen_.target->revision() &&
                    live.credential_id() == seen_.target->credential_id();
  if (!same) return fail(ErrorKind::conflict, "the published Secret has just been changed");
  return {};
}

Outcome StepPerformer::retire(const std::vector<std::string>& credential_ids) {
  for (const std::string& id : credential_ids) {
    const bool published = seen_.published() != nullptr && seen_.published()->credential_id() == id;
    if (published) return fail(ErrorKind::conflict, "the published secret is never retired");
    auto retired = backend().retire_credential(seen_.desired.settings.client_id, id, stop_);
    wiring_.report.credential_retired(seen_, id, retired);
    if (!retired) return held_by_registry(std::move(retired).error(), seen_.registry->name);
    std::erase_if(seen_.registered->credentials, [&](const auto& one) { return one.id == id; });
  }
  return done();
}

Outcome StepPerformer::perform(const step::AddCredential& /*step*/) {
  const backend::NewCredential credential{.operation_id = seen_.staged->operation_id,
                                          .revision = seen_.staged->revision,
                                          .value = &seen_.staged->value};
  auto added =
      backend().add_credential(seen_.desired.settings.client_id, seen_.client.meta.uid, credential, stop_);
  wiring_.report.credential_added(seen_, credential, added);
  if (!added) return after_add_failed(std::move(added).error());
  seen_.registered->credentials.push_back(std::move(*added));
  return done();
}

Outcome StepPerformer::perform(const step::RehearsePublish& /*step*/) {
  auto checked = wiring_.client.rehearse(kube::kSecrets, target_object(publication_of(seen_, plan_)),
                                         api::kFieldManager, stop_);
  if (!checked) return held_by_cluster(std::move(checked).error(), seen_.client.secret_name());
  return done();
}

Outcome StepPerformer::perform(const step::ReplaceCredential& /*step*/) {
  const backend::NewCredential credential{.operation_id = seen_.staged->operation_id,
                                          .revision = seen_.staged->revision,
                                          .value = &seen_.staged->value};
  auto replaced = backend().replace_credential(seen_.desired.settings.client_id, seen_.client.meta.uid,
                                               credential, stop_);
  wiring_.report.credential_replaced(seen_, credential, replaced);
  if (!replaced) return after_add_failed(std::move(replaced).error());
  seen_.registered->credentials.clear();
  seen_.registered->credentials.push_back(std::move(*replaced));
  return done();
}

Outcome StepPerformer::perform(const step::RegisterClient& /*step*/) {
  const api::InProgress fence = *seen_.client.status.rotation.in_progress;
  const std::string& uid = seen_.client.meta.uid;
  auto made = backend().register_client(seen_.desired.settings, mark_of(seen_, fence.revision),
                                        fence.operation_id, stop_);
  wiring_.report.client_registered(seen_, fence, made);
  if (!made) {
    if (!outcome_unknown(made.error())) wiring_.answers.note_not_done(uid, fence.operation_id);
    return held_by_registry(std::move(made).error(), seen_.registry->name);
  }
  wiring_.answers.keep(uid, fence.operation_id, std::move(*made));
  return done();
}

Outcome StepPerformer::perform(const step::StageAnswer& /*step*/) {
  const api::InProgress fence = *seen_.client.status.rotation.in_progress;
  auto answer = wiring_.answers.take(seen_.client.meta.uid, fence.operation_id);
  if (!answer) return fail(ErrorKind::conflict, "another pass has staged the answer");
  auto stored = wiring_.journal.stage({.operation_id = fence.operation_id,
                                       .kind = fence.kind,
                                       .token = fence.token,
                                       .revision = fence.revision,
                                       .client_id = answer->client.settings.client_id,
                                       .registry = registry_status_of(*seen_.registry),
                                       .value = Secret(answer->value.reveal())},
                                      seen_.client.meta, stop_);
  wiring_.report.secret_staged(seen_, stored);
  if (!stored) {
    wiring_.answers.keep(seen_.client.meta.uid, fence.operation_id, std::move(*answer));
    return failure_of(std::move(stored));
  }
  seen_.staged = std::move(*stored);
  seen_.registered = std::move(answer->client);
  use_client_id(seen_, seen_.staged->client_id);
  return done();
}

Outcome StepPerformer::perform(const step::RemoveClient& step) {
  if (!written_target_version_.empty()) RETURN_IF_ERROR(read_back());
  auto found = backend().find(step.client_id, stop_);
  if (!found) return held_by_registry(std::move(found).error(), seen_.registry->name);
  const ClientOwner owner = owner_of(*found, seen_.client.meta, seen_.installation_id);
  if (owner != ClientOwner::us) return done();
  auto removed = backend().remove(step.client_id, (*found)->mark->uid, stop_);
  wiring_.report.former_removed(seen_, step.client_id, removed);
  if (!removed) return held_by_registry(std::move(removed).error(), seen_.registry->name);
  return done();
}

Outcome StepPerformer::perform(const step::Verify& step) {
  auto& verifier = seen_.registry->connection->verifier();
  switch (verifier.verify(seen_.desired.settings, *current_credential(seen_).value, stop_)) {
    case backend::Verdict::accepted: return done();
    case backend::Verdict::rejected: return after_rejection();
    case backend::Verdict::unknown:
      if (!step.must_answer) return done();
      break;
  }
  Held held{.refusal = {.reason = std::string(reason::kVerificationPending),
                        .message = "the new secret is not published before the token endpoint of registry " +
                                   seen_.registry->name + " has accepted it; it does not answer"}};
  held.retry = Error{.kind = ErrorKind::unavailable, .message = "verify: no verdict"};
  return held;
}

/// Nothing of what the registry does not accept stays there, but a client that would have no secret at all.
Outcome StepPerformer::end_rejected() {
  switch (strategy_of(seen_.registry->info.capabilities)) {
    case Strategy::overlap: return retire({current_credential(seen_).credential_id});
    case Strategy::reregister: return perform(step::RemoveClient{.client_id = seen_.staged->client_id});
    case Strategy::in_place: return done();
  }
  return done();
}

Outcome StepPerformer::after_rejection() {
  const int rejections = seen_.client.status.failure_count + 1;
  Held held{
      .refusal = {.reason = std::string(reason::kCredentialRejected),
                  .message = "registry " + seen_.registry->name + " stored a new secret but refuses it (" +
                             std::to_string(rejections) + " times); it was not published",
                  .stalled = rejections >= kRejectionsBeforeStalled},
      .counts_as_failure = true};
  if (!held.refusal.stalled)
    held.retry = Error{.kind = ErrorKind::unavailable, .message = "verify: rejected"};
  if (!seen_.staged) return held;
  ASSIGN_OR_RETURN(const std::optional<Held> ended, end_rejected());
  if (ended) return *ended;
  RETURN_IF_ERROR(unstage());
  return held;
}

Json StepPerformer::target_object(const Publication& wanted) const {
  return seen_.target ? update_target(seen_.target->object, wanted) : make_target(wanted);
}

Outcome StepPerformer::perform(const step::Publish& /*step*/) {
  const Publication wanted = publication_of(seen_, plan_);
  const Json object = target_object(wanted);
  if (seen_.target && object == seen_.target->object) return done();
  auto written = seen_.target ? wiring_.client.replace(kube::kSecrets, object, api::kFieldManager, stop_)
                              : wiring_.client.create(kube::kSecrets, object, api::kFieldManager, stop_);
  wiring_.report.secret_published(wanted, seen_.client.secret_name(), written);
  if (!written) return held_by_cluster(std::move(written).error(), seen_.client.secret_name());
  ASSIGN_OR_RETURN(seen_.target, read_target(std::move(*written)));
  seen_.target_owner = TargetOwner::us;
  written_target_version_ = seen_.target->meta.resource_version;
  return done();
}

TargetSecret& StepPerformer::former(const std::string& secret_name) {
  return *std::ranges::find(seen_.formers, secret_name,
                            [](const TargetSecret& secret) { return secret.meta.key.name; });
}

Outcome StepPerformer::perform(const step::PublishFormer& step) {
  Publication wanted = publication_of(seen_, plan_);
  wanted.retire_at = step.retire_at;
  const TargetSecret& live = former(step.secret_name);
  const Json object = update_target(live.object, wanted);
  if (object == live.object) return done();
  auto written = wiring_.client.replace(kube::kSecrets, object, api::kFieldManager, stop_);
  wiring_.report.secret_published(wanted, step.secret_name, written);
  if (!written) return held_by_cluster(std::move(written).error(), step.secret_name);
  return done();
}

Outcome StepPerformer::perform(const step::DeleteFormer& step) {
  const TargetSecret& live = former(step.secret_name);
  const kube::Preconditions as_read{.uid = live.meta.uid, .resource_version = live.meta.resource_version};
  auto deleted = wiring_.client.remove(kube::kSecrets, live.meta.key, as_read, stop_);
  wiring_.report.former_deleted(seen_, live, deleted);
  return done_or(std::move(deleted));
}

Outcome StepPerformer::perform(const step::RestartTarget& step) {
  const api::RestartTarget& target = seen_.client.spec.restart_targets.at(step.position);
  const std::int64_t revision = current_credential(seen_).revision;
  WorkloadRestarter restarter(wiring_.client);
  ASSIGN_OR_RETURN(WorkloadRestarter::Restart restart,
                   restarter.restart(target, seen_.client.meta, revision, stop_));
  if (restart.written) log_.info("consumer restarted", {{"target", target.text()}, {"revision", revision}});
  std::erase_if(seen_.consumers, [&](const Consumer& known) { return known.target == target; });
  seen_.consumers.push_back(std::move(restart.consumer));
  return done();
}

Outcome StepPerformer::perform(const step::WriteStatus& /*step*/) {
  const WallTime now = wiring_.clock.wall_now();
  return write_status(summarise(seen_.client, success_of(seen_, plan_, now), now));
}

Outcome StepPerformer::perform(const step::DropStaged& /*step*/) {
  RETURN_IF_ERROR(unstage());
  seen_.staged.reset();
  return done();
}

Result<void> StepPerformer::unstage() {
  RETURN_IF_ERROR(wiring_.journal.drop(*seen_.staged, stop_));
  wiring_.report.secret_unstaged(seen_.client, *seen_.staged);
  return {};
}

Outcome StepPerformer::write_status(const api::ApiClientStatus& status) {
  const Json before = api::write_status(seen_.client.status);
  RETURN_IF_ERROR(write_status_if_changed(wiring_.client, api::kApiClients, seen_.client.meta, before,
                                          api::write_status(status), stop_));
  wiring_.report.status_written(seen_.client, status);
  seen_.client.status = status;
  return done();
}

}  // namespace apiclient::reconciler
