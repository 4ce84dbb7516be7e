#include "reconciler/plan.h"

#include <algorithm>

#include "api/names.h"
#include "reconciler/adoption.h"
#include "reconciler/plan_draft.h"
#include "reconciler/plan_refusals.h"
#include "reconciler/reregister_plan.h"
#include "reconciler/strategy.h"

namespace apiclient::reconciler {
namespace {

/// A published value that could be used: ours, with a revision and a secret in it.
bool has_published_value(const Observation& seen) {
  const TargetSecret* published = seen.published();
  return published != nullptr && published->revision() > 0 && !published->value.empty() &&
         published->client_id == seen.desired.settings.client_id;
}

const backend::Credential* find_credential(const Observation& seen, std::string_view operation_id) {
  const auto& all = seen.registered->credentials;
  const auto found = std::ranges::find(all, operation_id, &backend::Credential::operation_id);
  return found == all.end() ? nullptr : &*found;
}

/// The registry knows the published revision, nothing newer, and has not refused the value.
bool published_value_stands(const Observation& seen) {
  if (!has_published_value(seen) || seen.published_verdict == backend::Verdict::rejected) return false;
  const std::int64_t revision = seen.published()->revision();
  const auto& all = seen.registered->credentials;
  const bool known = std::ranges::any_of(all, [&](const auto& one) { return one.revision == revision; });
  const bool newer = std::ranges::any_of(all, [&](const auto& one) { return one.revision > revision; });
  return known && !newer;
}

/// The oldest secret of a full client; never the one that the live target names.
std::optional<std::string> slot_to_free(const Observation& seen) {
  const auto& all = seen.registered->credentials;
  const auto most = static_cast<std::size_t>(seen.registry->info.capabilities.max_secrets);
  if (all.size() < most) return std::nullopt;
  for (const backend::Credential& credential : all) {
    if (seen.published() == nullptr || credential.id != seen.published()->credential_id())
      return credential.id;
  }
  return std::nullopt;
}

class Planner {
 public:
  Planner(const Observation& seen, WallTime now)
      : seen_(seen),
        strategy_(strategy_of(seen.registry->info.capabilities)),
        registry_makes_it_(seen.registry->info.capabilities.chooses_rotated_secret),
        draft_(seen, now) {}

  Plan plan() {
    if (!seen_.desired.settings.has_secret()) {
      plan_without_secret();
    } else if (publishes_shown_secret(seen_)) {
      plan_shown_secret();
    } else if (seen_.staged && !is_superseded(seen_)) {
      plan_from_staged();
    } else {
      plan_unstaged();
    }
    return draft_.finish();
  }

 private:
  void add(Step step) { draft_.add(std::move(step)); }
  TokenLedger& tokens() { return draft_.tokens(); }

  void plan_without_secret() {
    const auto& fence = seen_.client.status.rotation.in_progress;
    if (seen_.registered) {
      update_when_needed();
      if (seen_.registered->disabled && !suspended()) add(step::EnableClient{});
    } else {
      if (!fence) add(step::Fence{});
      add(step::CreateClient{.value = step::ValueFrom::none});
    }
    if (suspended() && !(seen_.registered && seen_.registered->disabled)) add(step::DisableClient{});
    tokens().settle();
    tokens().handle_revoke();
    draft_.publish();
  }

  /// Before a mint: the overlap that exists ends now, the one that the mint begins does not.
  void revoke_before_mint() {
    if (!tokens().revoke_is_open()) return;
    // Where all but the newest end together, the published one must not be among them.
    revoked_ = registry_makes_it_;
    if (!revoked_ && seen_.registered && has_published_value(seen_)) retire_older();
    tokens().handle_revoke();
  }

  [[nodiscard]] bool staged_is_published() const {
    return has_published_value(seen_) && seen_.published()->operation_id() == seen_.staged->operation_id;
  }

  void plan_from_staged() {
    const bool stored = seen_.registered && find_credential(seen_, seen_.staged->operation_id) != nullptr;
    const auto token = parse_rotation_token(seen_.staged->token);
    revoke_before_mint();
    if (!seen_.registered) {
      add(step::CreateClient{.value = step::ValueFrom::staged});
    } else {
      update_when_needed();
      if (!stored && !registry_makes_it_) add_credential();
      if (stored && seen_.published() != nullptr) nothing_works_ = strategy_ == Strategy::in_place;
    }
    if (!stored || !staged_is_published()) {
      verify();
    } else {
      disable_or_enable();
    }
    tokens().settle_minted(seen_.staged->token);
    tokens().because(reason_of_mint(seen_.staged->token, seen_.staged->kind));
    supersede(seen_.staged->revision, token && token->now);
    add(step::DropStaged{});
  }

  void plan_unstaged() {
    if (seen_.staged) add(step::DropStaged{});
    if (!seen_.registered && has_published_value(seen_)) {
      add(step::CreateClient{.value = step::ValueFrom::published});
      tokens().settle_consumed();
      verify();
      draft_.publish();
    } else if (!seen_.registered || !published_value_stands(seen_) || was_begun_at_registry()) {
      mint();
    } else if (tokens().wants_rotation() != nullptr) {
      mint();
    } else if (draft_.schedule_asks()) {
      draft_.mint_by_schedule();
      mint();
    } else {
      maintain();
    }
  }

  /// Nothing is to be minted.
  void maintain() {
    update_when_needed();
    // Asked, and no answer: what is published is not called good before there is one.
    if (seen_.published_verdict == backend::Verdict::unknown) {
      verify();
    } else {
      disable_or_enable();
    }
    tokens().settle();
    keep_older_than(seen_.published()->revision());
    if (tokens().ends_overlap() || draft_.overlap_is_over()) retire_older();
    tokens().handle_revoke();
    draft_.publish();
  }

  void mint() {
    if (seen_.registered && registry_makes_it_) return mint_at_registry();
    const std::int64_t revision = next_revision(seen_);
    const rotation::Rotate* rotate = tokens().wants_rotation();
    revoke_before_mint();
    const std::string token(rotate != nullptr ? tokens().rotate() : "");
    add(step::Stage{.revision = revision, .token = token});
    if (seen_.registered) {
      update_when_needed();
      add_credential();
    } else {
      add(step::CreateClient{.value = step::ValueFrom::staged});
    }
    verify();
    draft_.settle_minted(token);
    if (!seen_.first_issuance()) tokens().because(reason_of_mint(token, draft_.mint_kind()));
    supersede(revision, rotate && rotate->token.now);
    add(step::DropStaged{});
  }

  [[nodiscard]] bool was_begun_at_registry() const {
    return registry_makes_it_ && seen_.client.status.rotation.in_progress.has_value();
  }

  /// The server makes the value: the fence is the status, and the answer is staged.
  void mint_at_registry() {
    const FencedMint mint = draft_.fenced_mint();
    revoke_before_mint();
    if (mint.begins) add(step::Fence{.revision = mint.revision, .token = mint.token});
    update_when_needed();
    if (mint.asks) add(step::RotateCredential{});
    add(step::StageAnswer{});
    verify();
    draft_.settle_minted(mint.token);
    if (!seen_.first_issuance()) tokens().because(reason_of_mint(mint.token, mint.kind));
    const auto parsed = parse_rotation_token(mint.token);
    supersede(mint.revision, parsed && parsed->now);
    add(step::DropStaged{});
  }

  /// Publishes a new revision; the older secrets end at once, or after the overlap.
  void supersede(std::int64_t revision, bool now) {
    const bool cut = now || revoked_ || draft_.overlap() == std::chrono::milliseconds(0);
    if (!seen_.registered) return draft_.publish();
    if (!cut) {
      keep_older_than(revision);
      return draft_.publish();
    }
    draft_.publish_secrets();
    if (!older_are_gone_) retire_below(revision, freed_.value_or(""));
    add(step::WriteStatus{});
  }
  void retire_below(std::int64_t revision, std::string_view spared) {
    std::vector<std::string> older;
    for (const backend::Credential& credential : seen_.registered->credentials) {
      if (credential.revision < revision && credential.id != spared) older.push_back(credential.id);
    }
    if (!older.empty()) add(step::RetireOlder{.credential_ids = std::move(older)});
  }

  /// The secret of an adopted client was shown, and is right.
  void plan_shown_secret() {
    update_when_needed();
    tokens().settle_consumed();
    keep_older_than(shown_revision(seen_));
    add(step::Publish{});
    if (suspended()) add(step::DisableClient{});
    add(step::WriteStatus{});
  }

  void update_when_needed() {
    if (seen_.registered && !seen_.registered->mark) return add(step::AdoptClient{});
    if (seen_.needs_update()) add(step::UpdateClient{});
  }
  void add_credential() {
    if (strategy_ == Strategy::in_place) return replace_credential();
    freed_ = slot_to_free(seen_);
    if (freed_) add(step::RetireOldest{.credential_id = *freed_});
    add(step::AddCredential{});
  }
  /// Nothing works from then until the new secret is published: what could refuse it there is asked before.
  void replace_credential() {
    add(step::RehearsePublish{});
    add(step::ReplaceCredential{});
    older_are_gone_ = true;
    nothing_works_ = seen_.published() != nullptr;
  }
  /// After the registry has every secret of the pass. A client that was disabled when its object was deleted
  /// has no published value: whatever secret it had goes before it gets tokens again.
  void verify() {
    const bool disabled = seen_.registered && seen_.registered->disabled;
    if (suspended()) {
      if (!disabled) add(step::DisableClient{});
      return;
    }
    if (disabled) {
      if (seen_.published() == nullptr) retire_all_but_staged();
      add(step::EnableClient{});
    }
    if (seen_.registry->spec.verify_credentials) add(step::Verify{.must_answer = !nothing_works_});
  }
  void retire_all_but_staged() {
    std::vector<std::string> others;
    for (const backend::Credential& credential : seen_.registered->credentials) {
      const bool of_staged = seen_.staged && credential.operation_id == seen_.staged->operation_id;
      if (!of_staged && credential.id != freed_) others.push_back(credential.id);
    }
    if (!others.empty()) add(step::RetireOlder{.credential_ids = std::move(others)});
    older_are_gone_ = true;
  }
  [[nodiscard]] bool suspended() const { return seen_.client.spec.suspended; }
  /// Nothing else is to be verified: only what the spec says about the client's state.
  void disable_or_enable() {
    const bool disabled = seen_.registered->disabled;
    if (disabled && !suspended()) return verify();
    if (!disabled && suspended()) add(step::DisableClient{});
  }
  /// Secrets below the published one stay valid beside it: as long as planned for the newest of them, or from
  /// now on.
  void keep_older_than(std::int64_t published) {
    const backend::Credential* newest = nullptr;
    for (const backend::Credential& credential : seen_.registered->credentials) {
      if (credential.revision < published && credential.id != freed_) newest = &credential;
    }
    if (newest == nullptr || older_are_gone_) return;
    draft_.keep(draft_.planned(
        {.revision = newest->revision, .id = newest->id, .hint = newest->hint, .retire_at = {}}));
  }

  /// Never the secret that the live target names.
  void retire_older() {
    draft_.forget_previous();
    retire_below(seen_.published()->revision(), seen_.published()->credential_id());
  }

  const Observation& seen_;
  Strategy strategy_;
  const bool registry_makes_it_;  ///< the secret of a rotation
  PlanDraft draft_;
  std::optional<std::string> freed_;  ///< the secret that makes room
  bool older_are_gone_ = false;       ///< retired before the client was enabled, or replaced
  bool nothing_works_ = false;        ///< the published secret has ended already
  bool revoked_ = false;              ///< older secrets end right after the publication
};

}  // namespace

bool is_superseded(const Observation& seen) {
  if (seen.target_owner != TargetOwner::us) return false;
  // Without a secret there is no operation to tell two of the same revision apart.
  if (!seen.desired.settings.has_secret()) return seen.target->revision() > seen.staged->revision;
  return seen.target->operation_id() != seen.staged->operation_id &&
         seen.target->revision() >= seen.staged->revision;
}

std::int64_t next_revision(const Observation& seen) {
  std::int64_t highest = seen.client.status.credential ? seen.client.status.credential->revision : 0;
  if (seen.published() != nullptr) highest = std::max(highest, seen.published()->revision());
  if (seen.staged) highest = std::max(highest, seen.staged->revision);
  if (seen.registered) {
    if (seen.registered->mark) highest = std::max(highest, seen.registered->mark->revision);
    for (const backend::Credential& credential : seen.registered->credentials) {
      highest = std::max(highest, credential.revision);
    }
  }
  return highest + 1;
}

Plan make_plan(const Observation& seen, WallTime now) {
  if (auto refusal = find_refusal(seen)) return {.steps = {}, .stop = std::move(refusal)};
  if (strategy_of(seen.registry->info.capabilities) == Strategy::reregister)
    return make_reregister_plan(seen, now);
  return Planner(seen, now).plan();
}

}  // namespace apiclient::reconciler
