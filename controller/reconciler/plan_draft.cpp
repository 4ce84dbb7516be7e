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

bool PlanDraft::overlap_is_over() const {
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

Plan PlanDraft::finish() {
  plan_.clock_is_wrong = clock_is_wrong_ && plan_.previous.has_value();
  plan_.tokens = tokens_.record();
  plan_.waiting = tokens_.waiting();
  look_again_in_time();
  tell_schedule();
  return std::move(plan_);
}

/// When time alone makes something due, or something was left for the next pass.
void PlanDraft::look_again_in_time() {
  if (plan_.previous) look_again_by(clock_is_wrong_ ? now_ + kTolerableSkew : *plan_.previous->retire_at);
  if (plan_.waiting) look_again_by(plan_.waiting->until.value_or(now_ + kTolerableSkew));
  if (tokens_.leaves_something()) look_again_by(now_);
}

void PlanDraft::look_again_by(WallTime time) {
  plan_.look_again = plan_.look_again ? std::min(*plan_.look_again, time) : time;
}

}  // namespace apiclient::reconciler
