#include "reconciler/plan.h"

#include <algorithm>

#include "api/names.h"
#include "base/overloaded.h"
#include "reconciler/adoption.h"
#include "reconciler/plan_refusals.h"
#include "reconciler/token_ledger.h"

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

bool needs_update(const Observation& seen) {
  return seen.registered && (seen.registered->settings != seen.desired.settings ||
                             seen.registered->mark->uid != seen.client.meta.uid);
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

/// A past event that has not happened yet: the clock was set back since, or was wrong then.
bool remembers_the_future(const api::ApiClientStatus& status, WallTime now) {
  const auto in_future = [now](const std::optional<WallTime>& time) {
    return time && *time > now + kTolerableSkew;
  };
  return in_future(status.rotation.last_time) ||
         (status.credential && in_future(status.credential->issued_at));
}

std::string reason_of_staged(const StagedCredential& staged) {
  if (const auto token = parse_rotation_token(staged.token)) return token->reason;
  return staged.kind == "Recover" ? std::string(kRecoveredReason) : "";
}

class Planner {
 public:
  Planner(const Observation& seen, WallTime now)
      : seen_(seen),
        now_(now),
        clock_is_wrong_(!seen.clock_trusted || remembers_the_future(seen.client.status, now)),
        tokens_(seen, clock_is_wrong_, now) {}

  Plan plan() {
    if (!seen_.client.meta.has_finalizer(api::kCleanupFinalizer)) add(step::AddFinalizer{});
    if (!seen_.desired.settings.has_secret()) {
      plan_without_secret();
    } else if (publishes_shown_secret(seen_)) {
      plan_shown_secret();
    } else if (seen_.staged && !staged_is_superseded()) {
      plan_from_staged();
    } else {
      plan_unstaged();
    }
    plan_.clock_is_wrong = clock_is_wrong_ && plan_.previous.has_value();
    plan_.tokens = tokens_.record();
    plan_.waiting = tokens_.waiting();
    look_again_in_time();
    return std::move(plan_);
  }

 private:
  void add(Step step) { plan_.steps.push_back(std::move(step)); }

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
    tokens_.settle();
    tokens_.handle_revoke();
    publish();
  }

  /// Before a mint: the overlap that exists ends now, the one that the mint begins does not.
  void revoke_before_mint() {
    if (!tokens_.revoke_is_open()) return;
    if (seen_.registered && has_published_value(seen_)) retire_older();
    tokens_.handle_revoke();
  }

  /// Another mint went past the staged one, whatever has become of its value since.
  [[nodiscard]] bool staged_is_superseded() const {
    return seen_.target_owner == TargetOwner::us &&
           seen_.target->operation_id() != seen_.staged->operation_id &&
           seen_.target->revision() >= seen_.staged->revision;
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
      if (!stored) add_credential();
    }
    if (!stored || !staged_is_published()) {
      verify();
    } else {
      disable_or_enable();
    }
    if (token) {
      tokens_.handle(seen_.staged->token);
    } else {
      tokens_.settle_consumed();
    }
    tokens_.because(reason_of_staged(*seen_.staged));
    supersede(seen_.staged->revision, token && token->now);
    add(step::DropStaged{});
  }

  void plan_unstaged() {
    if (seen_.staged) add(step::DropStaged{});
    if (!seen_.registered && has_published_value(seen_)) {
      add(step::CreateClient{.value = step::ValueFrom::published});
      tokens_.settle_consumed();
      verify();
      publish();
    } else if (!seen_.registered || !published_value_stands(seen_)) {
      mint();
    } else if (tokens_.wants_rotation() != nullptr) {
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
    tokens_.settle();
    keep_older_than(seen_.published()->revision());
    const bool due = plan_.previous && *plan_.previous->retire_at <= now_ && !clock_is_wrong_;
    if (tokens_.ends_overlap() || due) retire_older();
    tokens_.handle_revoke();
    publish();
  }

  void mint() {
    const std::int64_t revision = next_revision(seen_);
    const rotation::Rotate* rotate = tokens_.wants_rotation();
    revoke_before_mint();
    add(step::Stage{.revision = revision, .token = rotate != nullptr ? std::string(tokens_.rotate()) : ""});
    if (seen_.registered) {
      update_when_needed();
      add_credential();
    } else {
      add(step::CreateClient{.value = step::ValueFrom::staged});
    }
    verify();
    if (rotate) {
      tokens_.handle(tokens_.rotate());
    } else {
      tokens_.settle_consumed();
    }
    if (!seen_.first_issuance()) {
      tokens_.because(rotate != nullptr ? rotate->token.reason : std::string(kRecoveredReason));
    }
    supersede(revision, rotate && rotate->token.now);
    add(step::DropStaged{});
  }

  /// Publishes a new revision; the older secrets end at once, or after the overlap.
  void supersede(std::int64_t revision, bool now) {
    const bool cut = now || overlap() == std::chrono::milliseconds(0);
    if (!seen_.registered) return publish();
    if (!cut) {
      keep_older_than(revision);
      return publish();
    }
    add(step::Publish{});
    publish_to_formers();
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
    tokens_.settle_consumed();
    keep_older_than(shown_revision(seen_));
    add(step::Publish{});
    if (suspended()) add(step::DisableClient{});
    add(step::WriteStatus{});
  }

  void update_when_needed() {
    if (seen_.registered && !seen_.registered->mark) return add(step::AdoptClient{});
    if (needs_update(seen_)) add(step::UpdateClient{});
  }
  void add_credential() {
    freed_ = slot_to_free(seen_);
    if (freed_) add(step::RetireOldest{.credential_id = *freed_});
    add(step::AddCredential{});
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
    if (seen_.registry->spec.verify_credentials) add(step::Verify{});
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
  void publish() {
    add(step::Publish{});
    publish_to_formers();
    add(step::WriteStatus{});
  }
  /// A Secret under a former name says the same as the target until it goes.
  void publish_to_formers() {
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

  [[nodiscard]] std::chrono::milliseconds overlap() const {
    return seen_.client.spec.rotation.overlap.value_or(kDefaultOverlap);
  }

  /// Secrets below the published one stay valid beside it: as long as planned for the newest of them, or from
  /// now on.
  void keep_older_than(std::int64_t published) {
    const backend::Credential* newest = nullptr;
    for (const backend::Credential& credential : seen_.registered->credentials) {
      if (credential.revision < published && credential.id != freed_) newest = &credential;
    }
    if (newest == nullptr || older_are_gone_) return;
    const auto& planned = seen_.client.status.previous;
    const bool is_planned = planned && planned->retire_at && planned->revision >= newest->revision;
    plan_.previous = is_planned ? *planned
                                : api::PreviousStatus{.revision = newest->revision,
                                                      .id = newest->id,
                                                      .hint = newest->hint,
                                                      .retire_at = now_ + overlap()};
  }

  /// Never the secret that the live target names.
  void retire_older() {
    plan_.previous.reset();
    retire_below(seen_.published()->revision(), seen_.published()->credential_id());
  }

  /// When time alone makes something due, or something was left for the next pass.
  void look_again_in_time() {
    if (plan_.previous) look_again_by(clock_is_wrong_ ? now_ + kTolerableSkew : *plan_.previous->retire_at);
    if (plan_.waiting) look_again_by(plan_.waiting->until.value_or(now_ + kTolerableSkew));
    if (tokens_.leaves_something()) look_again_by(now_);
  }
  void look_again_by(WallTime time) {
    plan_.look_again = plan_.look_again ? std::min(*plan_.look_again, time) : time;
  }

  const Observation& seen_;
  WallTime now_;
  bool clock_is_wrong_;
  TokenLedger tokens_;
  std::optional<std::string> freed_;  ///< the secret that makes room
  bool older_are_gone_ = false;       ///< retired before the client was enabled
  Plan plan_;
};

}  // namespace

std::string_view name_of(const Step& step) {
  return std::visit(
      overloaded{[](const step::AddFinalizer&) { return "finalizer"; },
                 [](const step::Fence&) { return "fence"; }, [](const step::Stage&) { return "stage"; },
                 [](const step::CreateClient&) { return "create"; },
                 [](const step::UpdateClient&) { return "update"; },
                 [](const step::AdoptClient&) { return "adopt"; },
                 [](const step::DisableClient&) { return "disable"; },
                 [](const step::EnableClient&) { return "enable"; },
                 [](const step::RetireOldest&) { return "retire-oldest"; },
                 [](const step::AddCredential&) { return "add-credential"; },
                 [](const step::Verify&) { return "verify"; }, [](const step::Publish&) { return "publish"; },
                 [](const step::PublishFormer&) { return "publish-former"; },
                 [](const step::DeleteFormer&) { return "delete-former"; },
                 [](const step::RetireOlder&) { return "retire"; },
                 [](const step::WriteStatus&) { return "status"; },
                 [](const step::DropStaged&) { return "unstage"; }},
      step);
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
  return Planner(seen, now).plan();
}

}  // namespace apiclient::reconciler
