#include "reconciler/plan_draft.h"

#include <algorithm>

#include "api/names.h"

namespace apiclient::reconciler {
namespace {

/// A past event that has not happened yet: the clock was set back since, or was wrong then.
bool remembers_the_future(const api::ApiClientStatus& status, WallTime now) {
  const auto in_future = [now](const std::optional<WallTime>& time) {
    return time && *time > now + kTolerableSkew;
  };
  return in_future(status.rotation.last_time) ||
         (status.credential && in_future(status.credential->issued_at));
}

}  // namespace

PlanDraft::PlanDraft(const Observation& seen, WallTime now)
    : seen_(seen),
      now_(now),
      clock_is_wrong_(!seen.clock_trusted || remembers_the_future(seen.client.status, now)),
      tokens_(seen, clock_is_wrong_, now),
      planned_rotation_(planned_rotation(seen, clock_is_wrong_, now)) {
  if (!seen.client.meta.has_finalizer(api::kCleanupFinalizer)) add(step::AddFinalizer{});
}

FencedMint PlanDraft::fenced_mint() const {
  const auto& fence = seen_.client.status.rotation.in_progress;
  const std::string wanted(tokens_.wants_rotation() != nullptr ? tokens_.rotate() : "");
  return {.revision = std::max(next_revision(seen_), fence ? fence->revision : 0),
          .token = fence ? fence->token : wanted,
          .kind = fence ? std::string_view(fence->kind) : mint_kind(),
          .begins = !fence || seen_.fenced_outcome == FencedOutcome::unknown,
          .asks = !fence || seen_.fenced_outcome != FencedOutcome::answered};
}

void PlanDraft::publish_secrets() {
  add(step::Publish{});
  publish_to_formers();
}

void PlanDraft::publish() {
  publish_secrets();
  add(step::WriteStatus{});
}

/// A Secret under a former name says the same as the target until it goes.
void PlanDraft::publish_to_formers() {
  for (const TargetSecret& former : seen_.formers) {
    const WallTime retire_at = former.retire_at().value_or(now_ + overlap());
    if (retire_at <= now_ && !clock_is_wrong_) {
      add(step::DeleteFormer{.secret_name = former.meta.key.name});
    } else {
      add(step::PublishFormer{.secret_name = former.meta.key.name, .retire_at = retire_at});
      look_again_by(clock_is_wrong_ ? now_ + kTolerableSkew : retire_at);
    }
  }
}

api::PreviousStatus PlanDraft::planned(api::PreviousStatus previous) const {
  const auto& known = seen_.client.status.previous;
  if (known && known->retire_at && known->revision >= previous.revision) return *known;
  previous.retire_at = now_ + overlap();
  return previous;
}

bool PlanDraft::time_is_over() const {
  return plan_.previous && *plan_.previous->retire_at <= now_ && !clock_is_wrong_;
}

bool PlanDraft::schedule_asks() const {
  return planned_rotation_.is_due && seen_.is_its_turn && !tokens_.goes_first();
}

std::string_view PlanDraft::mint_kind() const {
  return plan_.rotates_by_schedule ? kScheduleKind : kRecoverKind;
}

void PlanDraft::settle_minted(std::string_view token) {
  // A token that the schedule has not waited for has nothing to do with the mint.
  plan_.rotates_by_schedule ? tokens_.settle() : tokens_.settle_minted(token);
}

void PlanDraft::tell_schedule() {
  const auto& announced = seen_.client.status.rotation.next_time;
  plan_.announces_nothing_new = clock_is_wrong_;
  if (planned_rotation_.schedule && clock_is_wrong_ && announced && *announced <= now_) {
    look_again_by(now_ + kTolerableSkew);
  }
  plan_.schedule = std::move(planned_rotation_.schedule);
  plan_.schedule_mistake = std::move(planned_rotation_.mistake);
}

std::optional<RolloutWait> PlanDraft::rollout_wait(WallTime retire_at) const {
  return find_rollout_wait(seen_, overlap(), retire_at);
}

bool PlanDraft::overlap_is_over() const {
  if (!time_is_over()) return false;
  const auto wait = rollout_wait(*plan_.previous->retire_at);
  return !wait || wait->until <= now_;
}

/// After a new revision all of them, whatever they carry: they have not been looked at yet.
void PlanDraft::restart_consumers() {
  const auto status = std::ranges::find_if(
      plan_.steps, [](const Step& step) { return std::holds_alternative<step::WriteStatus>(step); });
  const bool replaced = !tokens_.record().reason.empty();
  std::vector<Step> restarts;
  for (std::size_t at = 0; at < seen_.client.spec.restart_targets.size(); ++at) {
    const bool known = at < seen_.consumers.size();
    const bool behind = known && seen_.published() != nullptr &&
                        seen_.consumers[at].access != Access::absent &&
                        !seen_.consumers[at].carries(seen_.client.meta, seen_.published()->revision());
    if (replaced || behind) restarts.push_back(step::RestartTarget{.position = at});
  }
  plan_.steps.insert(status, restarts.begin(), restarts.end());
}

void PlanDraft::tell_rollout() {
  const auto& known = seen_.client.status.previous;
  if (plan_.previous) {
    if (time_is_over()) plan_.rolling_out = rollout_wait(*plan_.previous->retire_at);
  } else if (known && known->retire_at && !tokens_.ends_overlap() && tokens_.record().reason.empty()) {
    if (auto wait = rollout_wait(*known->retire_at)) plan_.timed_out = std::move(wait->consumers);
  }
}

/// What a person holds up does not hold up the planned rotations of others.
void PlanDraft::tell_planned_rollout() {
  if (!plan_.previous) return;
  const bool begins = plan_.rotates_by_schedule && !seen_.client.spec.restart_targets.empty();
  const auto rolls_out = [](const Consumer& one) {
    return one.access == Access::found && one.rollout == Rollout::progressing;
  };
  if (!begins && !(seen_.holds_slot && std::ranges::any_of(seen_.consumers, rolls_out))) return;
  plan_.goes_on_rolling_out = true;
  const auto since = begins ? now_ : seen_.client.status.rotation.last_time.value_or(now_);
  look_again_by(now_ +
                next_rollout_look(std::chrono::duration_cast<std::chrono::milliseconds>(now_ - since)));
}

Plan PlanDraft::finish() {
  plan_.clock_is_wrong = clock_is_wrong_ && plan_.previous.has_value();
  plan_.tokens = tokens_.record();
  plan_.waiting = tokens_.waiting();
  restart_consumers();
  tell_rollout();
  tell_planned_rollout();
  look_again_in_time();
  tell_schedule();
  return std::move(plan_);
}

/// When time alone makes something due, or something was left for the next pass.
void PlanDraft::look_again_in_time() {
  if (plan_.rolling_out) {
    const auto waited =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_ - *plan_.previous->retire_at);
    look_again_by(std::min(now_ + next_rollout_look(waited), plan_.rolling_out->until));
  } else if (plan_.previous) {
    look_again_by(clock_is_wrong_ ? now_ + kTolerableSkew : *plan_.previous->retire_at);
  }
  if (plan_.waiting && !plan_.rolling_out)
    look_again_by(plan_.waiting->until.value_or(now_ + kTolerableSkew));
  if (tokens_.leaves_something()) look_again_by(now_);
}

void PlanDraft::look_again_by(WallTime time) {
  plan_.look_again = plan_.look_again ? std::min(*plan_.look_again, time) : time;
}

}  // namespace apiclient::reconciler
