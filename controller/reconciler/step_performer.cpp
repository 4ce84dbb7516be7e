#include "reconciler/step_performer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "api/names.h"
#include "base/random.h"
#include "reconciler/checkpoint.h"
#include "reconciler/last_use.h"
#include "reconciler/pass_result.h"
#include "reconciler/secret_repairs.h"
#include "reconciler/status_writer.h"
#include "reconciler/workload_restarter.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;
using Outcome = StepPerformer::Outcome;

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

StepPerformer::StepPerformer(Wiring wiring, Observation& seen, const Plan& plan, std::stop_token stop)
    : wiring_(std::move(wiring)),
      seen_(seen),
      plan_(plan),
      stop_(std::move(stop)),
      first_issuance_(seen.first_issuance()),
      began_at_(wiring_.clock.wall_now()),
      log_(telemetry::Log().with({{"apiclient", seen.client.meta.key.text()}})) {}

bool StepPerformer::would_write_target() const {
  const bool mints = std::ranges::any_of(plan_.steps, [](const Step& step) {
    return std::holds_alternative<step::Stage>(step) || std::holds_alternative<step::StageAnswer>(step);
  });
  return mints ||
         (seen_.target && target_object(publication_of(seen_, plan_, began_at_)) != seen_.target->object);
}

Outcome StepPerformer::perform_all() {
  if (!wiring_.contended_by.empty() && would_write_target()) {
    return held_by_contention(seen_.client.secret_name(), wiring_.contended_by);
  }
  for (const Step& step : plan_.steps) {
    const std::string_view name = name_of(step);
    reach_checkpoint(name, "before", seen_.client.meta.key);
    Outcome outcome = std::visit([this](const auto& one) { return perform(one); }, step);
    if (!outcome) return fail(std::move(outcome).error().in(name));
    if (*outcome) return outcome;
    log_.debug("step done", {{"step", name}});
    reach_checkpoint(name, "after", seen_.client.meta.key);
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
  if (plan_.rotates_by_schedule) return std::string(kScheduleKind);
  return first_issuance_ ? "Issue" : std::string(kRecoverKind);
}

Outcome StepPerformer::perform(const step::Fence& step) {
  api::ApiClientStatus status = seen_.client.status;
  if (status.rotation.in_progress && seen_.unnamed_clients.empty()) {
    wiring_.report.answer_lost(seen_, *status.rotation.in_progress);
  }
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

Outcome StepPerformer::perform(const step::RehearsePublish& /*step*/) {
  auto checked = wiring_.client.rehearse(
      kube::kSecrets, target_object(publication_of(seen_, plan_, began_at_)), api::kFieldManager, stop_);
  if (!checked) return held_by_cluster(std::move(checked).error(), seen_.client.secret_name());
  return done();
}

Outcome StepPerformer::perform(const step::StageAnswer& /*step*/) {
  const api::InProgress fence = *seen_.client.status.rotation.in_progress;
  auto answer = wiring_.answers.take(seen_.client.meta.uid, fence.operation_id);
  if (!answer) return fail(ErrorKind::conflict, "another pass has staged the answer");
  // What nobody could change or remove any more is not published.
  auto kept = wiring_.registrations.flush(seen_.registry->name, answer->client.settings.client_id, stop_);
  if (!kept) {
    wiring_.answers.keep(seen_.client.meta.uid, fence.operation_id, std::move(*answer));
    return failure_of(std::move(kept));
  }
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

Json StepPerformer::target_object(const Publication& wanted) const {
  return seen_.target ? update_target(seen_.target->object, wanted) : make_target(wanted);
}

Outcome StepPerformer::perform(const step::Publish& /*step*/) {
  const Publication wanted = publication_of(seen_, plan_, began_at_);
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
  Publication wanted = publication_of(seen_, plan_, began_at_);
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
  api::ApiClientStatus status = summarise(seen_.client, success_of(seen_, plan_, began_at_), now);
  if (seen_.registered) show_last_use(seen_.client.status, seen_.registered->credentials, status);
  return write_status(status);
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
