#pragma once
// What the plans of all strategies share: the steps so far, what becomes of tokens, Secrets under former
// names, and what waits for a time. Used by one plan; the observation outlives it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "reconciler/observation.h"
#include "reconciler/plan.h"
#include "reconciler/planned_rotation.h"
#include "reconciler/token_ledger.h"

namespace apiclient::reconciler {

/// A mint whose value the registry makes: fenced by the status, and begun before or now.
struct FencedMint {
  std::int64_t revision = 0;
  std::string token = {};      ///< that asks for it
  std::string_view kind = {};  ///< what has begun it, where no token asks
  bool begins = true;          ///< a new fence is needed
  bool asks = true;            ///< the registry has to be asked; else its answer is here
};

class PlanDraft {
 public:
  PlanDraft(const Observation& seen, WallTime now);

  void add(Step step) { plan_.steps.push_back(std::move(step)); }
  TokenLedger& tokens() { return tokens_; }

  /// Target and formers, without the status: more is to be done before it is written.
  void publish_secrets();
  /// Target, formers, status.
  void publish();

  /// What is to be told of the secret before the published one; it ends later.
  void keep(api::PreviousStatus previous) { plan_.previous = std::move(previous); }
  void forget_previous() { plan_.previous.reset(); }
  [[nodiscard]] bool keeps_previous() const { return plan_.previous.has_value(); }
  /// As planned before for this revision or a newer one, else from now on.
  [[nodiscard]] api::PreviousStatus planned(api::PreviousStatus previous) const;
  /// The overlap of what is kept is over, and consumers have been rolled out or waited for long enough. Never
  /// by a clock that is wrong.
  [[nodiscard]] bool overlap_is_over() const;

  [[nodiscard]] WallTime now() const { return now_; }
  [[nodiscard]] std::chrono::milliseconds overlap() const {
    return effective_overlap(seen_.client.spec.rotation, seen_.registry->info.capabilities.longest_overlap);
  }

  /// A planned rotation is due, its turn has come, and no token goes first.
  [[nodiscard]] bool schedule_asks() const;
  /// The mint that follows is the schedule's.
  void mint_by_schedule() { plan_.rotates_by_schedule = true; }
  /// What has begun a mint that no token asks for.
  [[nodiscard]] std::string_view mint_kind() const;
  /// To be continued behind its fence where its outcome is known, else begun anew.
  [[nodiscard]] FencedMint fenced_mint() const;
  /// What becomes of the token when a mint is done that it, the schedule or a loss has asked for.
  void settle_minted(std::string_view token);

  /// Nothing can be added any more.
  Plan finish();

 private:
  void publish_to_formers();
  /// The consumers are restarted before the status is written.
  void restart_consumers();
  [[nodiscard]] bool time_is_over() const;
  [[nodiscard]] std::optional<RolloutWait> rollout_wait(WallTime retire_at) const;
  void tell_rollout();
  void tell_planned_rollout();
  void look_again_in_time();
  void tell_schedule();
  void look_again_by(WallTime time);

  const Observation& seen_;
  WallTime now_;
  bool clock_is_wrong_;
  TokenLedger tokens_;
  PlannedRotation planned_rotation_;
  Plan plan_;
};

}  // namespace apiclient::reconciler
