// The steps of StepPerformer that call the registry.
#include <algorithm>

#include "api/conditions.h"
#include "base/random.h"
#include "reconciler/pass_result.h"
#include "reconciler/registry_failure.h"
#include "reconciler/step_performer.h"
#include "reconciler/strategy.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;
using Outcome = StepPerformer::Outcome;

constexpr int kRejectionsBeforeStalled = 3;

Outcome done() { return std::optional<Held>(); }

backend::NewCredential new_credential(const StagedCredential& staged) {
  return {.operation_id = staged.operation_id, .revision = staged.revision, .value = &staged.value};
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
  const bool conflict = error.kind == ErrorKind::conflict;
  if (conflict && error.code == "revision_conflict") {
    RETURN_IF_ERROR(stage_newer());
  } else if (conflict && error.code == "deleted_operation" && seen_.staged) {
    RETURN_IF_ERROR(unstage());
  }
  return held_by_registry(std::move(error), seen_.registry->name);
}

/// The registry had a newer secret of the client that was deleted since. Nobody has its value, so there is a
/// still newer one, with which the next pass registers the client.
Result<void> StepPerformer::stage_newer() {
  step::Stage newer{.revision = next_revision(seen_), .token = seen_.staged ? seen_.staged->token : ""};
  if (seen_.staged) RETURN_IF_ERROR(unstage());
  const Outcome staged = perform(newer);
  if (!staged) return fail(staged.error());
  return {};
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
  const backend::NewCredential credential = new_credential(*seen_.staged);
  auto added =
      backend().add_credential(seen_.desired.settings.client_id, seen_.client.meta.uid, credential, stop_);
  wiring_.report.credential_added(seen_, credential, added);
  if (!added) return after_add_failed(std::move(added).error());
  seen_.registered->credentials.push_back(std::move(*added));
  return done();
}

Outcome StepPerformer::perform(const step::ReplaceCredential& /*step*/) {
  const backend::NewCredential credential = new_credential(*seen_.staged);
  auto replaced = backend().replace_credential(seen_.desired.settings.client_id, seen_.client.meta.uid,
                                               credential, stop_);
  wiring_.report.credential_replaced(seen_, credential, replaced);
  if (!replaced) return after_add_failed(std::move(replaced).error());
  seen_.registered->credentials.clear();
  seen_.registered->credentials.push_back(std::move(*replaced));
  return done();
}

Outcome StepPerformer::perform(const step::RotateCredential& /*step*/) {
  const api::InProgress fence = *seen_.client.status.rotation.in_progress;
  const std::string& uid = seen_.client.meta.uid;
  const backend::NewCredential wanted{.operation_id = fence.operation_id, .revision = fence.revision};
  auto made = backend().rotate_credential(seen_.desired.settings.client_id, uid, wanted, stop_);
  wiring_.report.credential_rotated(seen_, wanted, made);
  if (!made) {
    if (!outcome_unknown(made.error())) wiring_.answers.note_not_done(uid, fence.operation_id);
    return held_by_registry(std::move(made).error(), seen_.registry->name);
  }
  wiring_.answers.keep(uid, fence.operation_id, std::move(*made));
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

Outcome StepPerformer::perform(const step::RemoveClient& step) {
  if (!written_target_version_.empty()) RETURN_IF_ERROR(read_back());
  auto found = backend().find(step.client_id, stop_);
  if (!found) return held_by_registry(std::move(found).error(), seen_.registry->name);
  if (!*found) {
    RETURN_IF_ERROR(wiring_.registrations.remove(seen_.registry->name, step.client_id, stop_));
    return done();
  }
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
  // The next one takes its place, and it ends with the older ones.
  if (seen_.registry->info.capabilities.chooses_rotated_secret) return done();
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

}  // namespace apiclient::reconciler
