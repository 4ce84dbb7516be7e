#include "unit/reconciler/model/plan_book.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/names.h"
#include "reconciler/deletion_plan.h"
#include "reconciler/pass_result.h"
#include "reconciler/reregister_plan.h"
#include "reconciler/strategy.h"
#include "unit/reconciler/observation_builder.h"
#include "unit/reconciler/plan_text.h"

namespace apiclient::reconciler::model {
namespace {

/// As long as an overlap that nobody has set.
constexpr std::chrono::hours kTick{1};
constexpr std::array<std::string_view, 2> kIds{"r1", "r2"};
constexpr std::string_view kRevoke = "now";

std::string uid_of(Number number) { return "uid-" + std::to_string(number); }
std::string operation_of(Number number) { return "op-" + std::to_string(number); }
std::string credential_of(Number number) { return "c" + std::to_string(number); }
std::string value_of(Number number) { return "value-" + std::to_string(number); }

std::optional<WallTime> wall_time(Time time) {
  if (time == never) return std::nullopt;
  return test::kNow + (static_cast<int>(time) - static_cast<int>(now)) * kTick;
}
Time time_of(const std::optional<WallTime>& time) {
  if (!time) return never;
  const auto ticks = std::chrono::floor<std::chrono::hours>(*time - test::kNow).count();
  return static_cast<Time>(std::clamp<long>(ticks + now, past, in_three));
}

std::vector<std::string> ids_in(Number handled) {
  std::vector<std::string> ids;
  for (std::size_t id = 0; id < kIds.size(); ++id) {
    if ((handled >> id & 1U) != 0) ids.emplace_back(kIds[id]);
  }
  return ids;
}
Number bits_of(const std::vector<std::string>& ids) {
  unsigned bits = 0;
  for (std::size_t id = 0; id < kIds.size(); ++id) {
    if (std::ranges::find(ids, kIds[id]) != ids.end()) bits |= 1U << id;
  }
  return static_cast<Number>(bits);
}

Token token_of(std::string_view text) {
  return *std::ranges::find_if(kTokens, [&](Token token) { return text_of(token) == text; });
}
std::string text_of(Reason reason) {
  if (reason == Reason::none) return "";
  return reason == Reason::requested ? "Requested" : std::string(kRecoveredReason);
}
Reason reason_of(std::string_view text) {
  if (text.empty()) return Reason::none;
  return text == kRecoveredReason ? Reason::recovered : Reason::requested;
}

std::string kind_of(Token token, bool recovers) {
  if (token != Token::none) return "Rotate";
  return recovers ? std::string(kRecoverKind) : "Issue";
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

Planned planned(Plan plan) {
  Planned result{.handled = bits_of(plan.tokens.handled_ids),
                 .handled_token = token_of(plan.tokens.handled_token),
                 .handles_revoke = !plan.tokens.handled_revoke.empty(),
                 .reason = reason_of(plan.tokens.reason),
                 .refused_token = token_of(plan.tokens.refused_token)};
  if (plan.previous) {
    result.previous_revision = static_cast<Number>(plan.previous->revision);
    result.previous_credential = number_in(plan.previous->id);
    result.previous_retire_at = time_of(plan.previous->retire_at);
  }
  for (const Step& step : plan.steps) {
    if (const auto* stage = std::get_if<step::Stage>(&step)) result.staged_token = token_of(stage->token);
    if (const auto* fence = std::get_if<step::Fence>(&step)) result.staged_token = token_of(fence->token);
  }
  result.plan = std::move(plan);
  return result;
}

/// Two plans with the same text do the same.
std::string text_of(const Planned& planned) {
  std::string text = join(test::texts_of(planned.plan));
  for (const Step& step : planned.plan.steps) {
    if (const auto* fence = std::get_if<step::Fence>(&step)) text += ' ' + std::to_string(fence->revision);
  }
  for (const Number number :
       {static_cast<Number>(planned.staged_token), planned.handled,
        static_cast<Number>(planned.handled_token), static_cast<Number>(planned.handles_revoke),
        static_cast<Number>(planned.reason), static_cast<Number>(planned.refused_token),
        planned.previous_revision, planned.previous_credential,
        static_cast<Number>(planned.previous_retire_at)}) {
    text += ' ' + std::to_string(number);
  }
  return text;
}

}  // namespace

Number number_in(std::string_view name) {
  return name.empty() ? Number{0}
                      : static_cast<Number>(std::stoi(std::string(name.substr(name[0] == 'c' ? 1 : 3))));
}

PlanBook::PlanBook(Planner planner, const test::RegistryBuilder& registry)
    : planner_(std::move(planner)),
      client_(test::an_api_client().finalized().object()),
      registry_(registry.shared()),
      desired_(std::get<DesiredClient>(desired_client(client_, *registry_))) {
  plans_.push_back(std::make_unique<Planned>());
}

std::uint16_t PlanBook::plan_for(const View& seen) {
  const auto [entry, is_new] = by_view_.try_emplace(seen, 0);
  if (!is_new) return entry->second;
  Plan plan = planner_(observe(seen), test::kNow);
  if (!plan.stop) entry->second = intern(std::move(plan));
  return entry->second;
}

Number PlanBook::client_id_for(const View& seen) {
  const auto [entry, is_new] = client_ids_.try_emplace(seen, 0);
  if (is_new) entry->second = number_in(client_id_in_use(observe(seen)));
  return entry->second;
}

std::string PlanBook::refusal_of(const View& seen) {
  const Plan plan = planner_(observe(seen), test::kNow);
  return plan.stop ? plan.stop->reason : "";
}

std::uint16_t PlanBook::intern(Plan plan) {
  auto entry = std::make_unique<Planned>(planned(std::move(plan)));
  const auto [known, is_new] =
      by_text_.try_emplace(text_of(*entry), static_cast<std::uint16_t>(plans_.size()));
  if (is_new) plans_.push_back(std::move(entry));
  return known->second;
}

Observation PlanBook::observe(const View& seen) const {
  Observation result;
  result.client = client_of(seen);
  result.installation_id = test::kInstallation;
  result.registry = registry_;
  result.desired = desired_;
  result.clock_trusted = seen.clock_trusted;
  if (seen.staged.revision != 0) result.staged = staged_of(seen);
  if (picks_ids()) use_client_id(result, client_id_of(seen.client_id));
  if (seen.client.present) result.registered = registered_of(seen.client);
  if (seen.target.revision != 0) {
    result.target = target_of(seen);
    const bool alive = seen.target.owner == seen.object.uid;
    result.target_owner = alive ? TargetOwner::us : TargetOwner::our_past;
  }
  switch (seen.outcome) {
    case Outcome::unknown: result.fenced_outcome = FencedOutcome::unknown; break;
    case Outcome::not_done: result.fenced_outcome = FencedOutcome::not_done; break;
    case Outcome::answered: result.fenced_outcome = FencedOutcome::answered; break;
  }
  switch (seen.verdict) {
    case Verdict::not_asked: break;
    case Verdict::accepted: result.published_verdict = backend::Verdict::accepted; break;
    case Verdict::rejected: result.published_verdict = backend::Verdict::rejected; break;
    case Verdict::unknown: result.published_verdict = backend::Verdict::unknown; break;
  }
  return result;
}

api::ApiClient PlanBook::client_of(const View& seen) const {
  const Object& object = seen.object;
  api::ApiClient client = client_;
  client.meta.uid = uid_of(object.uid);
  if (!object.finalizer) client.meta.finalizers.clear();
  if (object.rotate != Token::none)
    client.meta.annotations[std::string(api::kRotateAnnotation)] = text_of(object.rotate);
  if (object.revoke) client.meta.annotations[std::string(api::kRevokePreviousAnnotation)] = kRevoke;
  client.spec.suspended = object.suspended;
  if (object.no_overlap) client.spec.rotation.overlap = std::chrono::milliseconds(0);
  client.status = status_of(object.status);
  return client;
}

api::RotationStatus PlanBook::rotation_of(const Status& status) const {
  api::RotationStatus rotation{.last_time = wall_time(status.last_time),
                               .last_reason = text_of(status.last_reason),
                               .last_handled_token = text_of(status.last_token),
                               .handled_ids = ids_in(status.handled),
                               .last_handled_revoke = std::string(status.revoked ? kRevoke : ""),
                               .refused_token = text_of(status.refused_token)};
  const Fence& fence = status.fence;
  if (fence.operation == 0) return rotation;
  rotation.in_progress = api::InProgress{.operation_id = operation_of(fence.operation),
                                         .kind = kind_of(fence.token, fence.recovers),
                                         .revision = fence.revision,
                                         .token = text_of(fence.token),
                                         .registry = registry_status_of(*registry_)};
  return rotation;
}

api::ApiClientStatus PlanBook::status_of(const Status& status) const {
  api::ApiClientStatus result{.rotation = rotation_of(status)};
  if (status.revision == 0) return result;
  const auto credential = [this](Number id) { return picks_ids() ? "" : credential_of(id); };
  result.client_id = client_id_of(status.credential);
  result.registry = registry_status_of(*registry_);
  result.binding_name = test::kName;
  result.rotation.strategy = to_string(strategy_of(registry_->info.capabilities));
  result.credential = api::CredentialStatus{.revision = status.revision,
                                            .id = credential(status.credential),
                                            .issued_at = wall_time(status.issued_at)};
  if (status.previous_revision == 0) return result;
  const Number previous = status.previous_credential;
  result.previous = api::PreviousStatus{.revision = status.previous_revision,
                                        .id = picks_ids() ? client_id_of(previous) : credential_of(previous),
                                        .retire_at = wall_time(status.previous_retire_at)};
  return result;
}

std::string PlanBook::client_id_of(Number credential) const {
  if (!picks_ids()) return test::kClientId;
  return credential == 0 ? "" : "id-" + std::to_string(credential);
}

TargetSecret PlanBook::target_of(const View& seen) const {
  const Target& target = seen.target;
  TargetSecret secret;
  secret.type = client_.spec.secret.type;
  secret.client_id = client_id_of(target.credential);
  secret.value = Secret(value_of(target.value));
  auto& annotations = secret.meta.annotations;
  annotations[std::string(api::kOwnerUidAnnotation)] = uid_of(target.owner);
  annotations[std::string(api::kRevisionAnnotation)] = std::to_string(target.revision);
  annotations[std::string(api::kOperationAnnotation)] = operation_of(target.operation);
  if (!picks_ids()) annotations[std::string(api::kCredentialAnnotation)] = credential_of(target.credential);
  annotations[std::string(api::kHandledRotateAnnotation)] = join(ids_in(target.handled));
  if (target.revoked) annotations[std::string(api::kHandledRevokeAnnotation)] = kRevoke;
  return secret;
}

StagedCredential PlanBook::staged_of(const View& seen) const {
  const Staged& staged = seen.staged;
  return {.operation_id = operation_of(staged.operation),
          .kind = kind_of(staged.token, staged.recovers),
          .token = text_of(staged.token),
          .revision = staged.revision,
          .client_id = client_id_of(staged.credential),
          .registry = registry_status_of(*registry_),
          .value = Secret(value_of(staged.operation))};
}

backend::RegisteredClient PlanBook::registered_of(const Client& client) const {
  backend::RegisteredClient registered{.settings = desired_.settings,
                                       .mark = backend::OwnershipMark{.installation_id = test::kInstallation,
                                                                      .namespace_name = test::kNamespace,
                                                                      .name = test::kName,
                                                                      .uid = uid_of(client.mark_uid),
                                                                      .revision = client.mark_revision},
                                       .disabled = client.disabled};
  registered.settings.client_id = client_id_of(client.credentials[0].id);
  if (picks_ids()) return registered;  // such a server tells nothing of secrets
  for (const Credential& credential : client.credentials) {
    if (credential.revision == 0) continue;
    registered.credentials.push_back({.id = credential_of(credential.id),
                                      .revision = credential.revision,
                                      .operation_id = operation_of(credential.operation)});
  }
  return registered;
}

std::vector<Number> PlanBook::removed_by_deletion(const World& world) const {
  View view{};
  view.object = world.object;
  view.staged = world.staged;
  view.target = world.target;
  DeletionObservation seen;
  Observation observed = observe(view);
  seen.client = std::move(observed.client);
  seen.installation_id = observed.installation_id;
  seen.staged = std::move(observed.staged);
  seen.target = std::move(observed.target);
  seen.target_owner = observed.target_owner;
  seen.unstaged_client_id = client_id_of(world.answer.credential);
  const auto find = [&](const std::string& id) { return find_picked(world.registry, number_in(id)); };
  for (const std::string& id : other_client_ids(seen)) {
    if (const Client* client = find(id)) seen.others.push_back(registered_of(*client));
  }
  const auto origin = find_origin(seen);
  if (const Client* client = origin ? find(origin->client_id) : nullptr)
    seen.registered = registered_of(*client);
  std::vector<Number> removed;
  for (const DeletionStep& step : make_deletion_plan(seen)) {
    if (const auto* remove = std::get_if<deletion_step::RemoveClient>(&step))
      removed.push_back(number_in(remove->client_id));
  }
  return removed;
}

}  // namespace apiclient::reconciler::model
