#include "reconciler/reregister_plan.h"

#include <algorithm>
#include <utility>

#include "reconciler/plan_draft.h"

namespace apiclient::reconciler {
namespace {

bool staged_counts(const Observation& seen) { return seen.staged && !is_superseded(seen); }

bool published_value_stands(const Observation& seen) {
  const TargetSecret* published = seen.published();
  const bool complete = published != nullptr && published->revision() > 0 &&
                        (!published->value.empty() || !seen.desired.settings.has_secret());
  return complete && seen.registered && published->client_id == seen.desired.settings.client_id &&
         seen.published_verdict != backend::Verdict::rejected;
}

/// Recorded before what is published: consumers may use it.
bool was_published(const Observation& seen, const RecordedClient& recorded) {
  return seen.published() != nullptr && recorded.revision < seen.published()->revision();
}

/// The client that stays beside the one in use until the overlap is over.
std::optional<api::PreviousStatus> former_client(const Observation& seen) {
  const auto& previous = seen.client.status.previous;
  if (previous && !previous->id.empty() && previous->id != seen.desired.settings.client_id) return previous;
  std::optional<api::PreviousStatus> newest;
  for (const RecordedClient& recorded : seen.unnamed_clients) {
    if (!was_published(seen, recorded)) continue;
    newest = api::PreviousStatus{
        .revision = recorded.revision, .id = recorded.client_id, .hint = {}, .retire_at = {}};
  }
  return newest;
}

class ReregisterPlanner {
 public:
  ReregisterPlanner(const Observation& seen, WallTime now)
      : seen_(seen),
        fence_(seen.client.status.rotation.in_progress),
        former_(former_client(seen)),
        draft_(seen, now) {}

  Plan plan() {
    remove_unpublished();
    if (seen_.staged && !staged_counts(seen_)) drop_superseded();
    if (staged_counts(seen_) && seen_.registered) {
      publish_new(seen_.staged->revision, seen_.staged->token, seen_.staged->kind);
    } else if (staged_counts(seen_)) {
      // The registry has lost it before anybody could use it.
      draft_.add(step::DropStaged{});
      mint();
    } else if (fence_ || !published_value_stands(seen_) || tokens().wants_rotation() != nullptr) {
      mint();
    } else if (draft_.schedule_asks()) {
      draft_.mint_by_schedule();
      mint();
    } else {
      maintain();
    }
    return draft_.finish();
  }

 private:
  TokenLedger& tokens() { return draft_.tokens(); }
  [[nodiscard]] bool suspended() const { return seen_.client.spec.suspended; }

  /// Registered by a pass that came to its end before it could stage the answer, or long gone from use.
  void remove_unpublished() {
    for (const RecordedClient& recorded : seen_.unnamed_clients) {
      const bool stays = former_ && former_->id == recorded.client_id;
      if (!stays) draft_.add(step::RemoveClient{.client_id = recorded.client_id});
    }
  }

  /// Nobody will ever publish it, so nobody would remove it either.
  void drop_superseded() {
    if (!seen_.staged->client_id.empty() && seen_.staged->client_id != seen_.desired.settings.client_id) {
      draft_.add(step::RemoveClient{.client_id = seen_.staged->client_id});
    }
    draft_.add(step::DropStaged{});
  }

  void mint() {
    const FencedMint mint = draft_.fenced_mint();
    if (mint.begins) draft_.add(step::Fence{.revision = mint.revision, .token = mint.token});
    if (mint.asks) draft_.add(step::RegisterClient{});
    draft_.add(step::StageAnswer{});
    publish_new(mint.revision, mint.token, seen_.first_issuance() ? "" : mint.kind);
  }

  void publish_new(std::int64_t revision, std::string_view token, std::string_view kind) {
    revoke_before_publish();
    make_ready();
    draft_.settle_minted(token);
    tokens().because(reason_of_mint(token, kind));
    const auto parsed = parse_rotation_token(token);
    supersede(revision, parsed && parsed->now);
    draft_.add(step::DropStaged{});
  }

  /// Suspended as declared, or accepted by the registry. What is published already is not taken back here.
  void make_ready() {
    const bool staged = staged_counts(seen_) && seen_.registered;
    const bool disabled = staged && seen_.registered->disabled;
    if (suspended()) {
      if (!disabled) draft_.add(step::DisableClient{});
      return;
    }
    if (disabled) draft_.add(step::EnableClient{});
    const bool published = staged && seen_.published() != nullptr &&
                           seen_.published()->operation_id() == seen_.staged->operation_id;
    if (published || !seen_.desired.settings.has_secret()) return;
    if (seen_.registry->spec.verify_credentials) draft_.add(step::Verify{});
  }

  /// The overlap that exists ends now, the one that this mint begins does not.
  void revoke_before_publish() {
    if (!tokens().revoke_is_open()) return;
    if (former_) draft_.add(step::RemoveClient{.client_id = former_->id});
    revoked_ = true;
    tokens().handle_revoke();
  }

  /// At most one client stays beside the new one: the one that consumers have used last.
  void supersede(std::int64_t revision, bool now) {
    const std::vector<std::string> older = older_ids();
    const bool cut = now || draft_.overlap() == std::chrono::milliseconds(0);
    draft_.publish_secrets();
    for (const std::string& id : older) {
      const bool kept = !cut && id == older.back();
      if (!kept) draft_.add(step::RemoveClient{.client_id = id});
    }
    if (!cut && !older.empty()) draft_.keep(draft_.planned(former(older.back(), revision)));
    draft_.add(step::WriteStatus{});
  }

  [[nodiscard]] api::PreviousStatus former(const std::string& id, std::int64_t revision) const {
    if (former_ && former_->id == id) return *former_;
    const auto& credential = seen_.client.status.credential;
    return {.revision = credential ? credential->revision : revision - 1,
            .id = id,
            .hint = credential ? credential->hint : "",
            .retire_at = {}};
  }

  /// Clients of ours that are not the one that is being published, the newest last.
  [[nodiscard]] std::vector<std::string> older_ids() const {
    std::vector<std::string> ids;
    const bool registers = !staged_counts(seen_) || !seen_.registered;
    const std::string current = registers ? "" : seen_.desired.settings.client_id;
    const auto add = [&](const std::string& id) {
      if (!id.empty() && id != current && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
    };
    if (former_ && !revoked_) add(former_->id);
    add(seen_.client.status.client_id);
    if (seen_.published() != nullptr) add(seen_.published()->client_id);
    return ids;
  }

  /// Nothing is to be registered.
  void maintain() {
    if (seen_.needs_update()) draft_.add(step::UpdateClient{});
    const bool disabled = seen_.registered->disabled;
    if (disabled && !suspended()) draft_.add(step::EnableClient{});
    if (!disabled && suspended()) draft_.add(step::DisableClient{});
    if (!suspended() && seen_.published_verdict == backend::Verdict::unknown) draft_.add(step::Verify{});
    tokens().settle();
    end_overlap_when_due();
    tokens().handle_revoke();
    draft_.publish();
  }

  void end_overlap_when_due() {
    if (!former_) return;
    draft_.keep(draft_.planned(*former_));
    if (!tokens().ends_overlap() && !draft_.overlap_is_over()) return;
    draft_.forget_previous();
    draft_.add(step::RemoveClient{.client_id = former_->id});
  }

  const Observation& seen_;
  const std::optional<api::InProgress>& fence_;
  const std::optional<api::PreviousStatus> former_;
  PlanDraft draft_;
  bool revoked_ = false;
};

}  // namespace

std::string client_id_in_use(const Observation& seen) {
  if (staged_counts(seen)) return seen.staged->client_id;
  const std::string& known = seen.client.status.client_id;
  const TargetSecret* published = seen.published();
  if (published == nullptr) return known;
  const auto& credential = seen.client.status.credential;
  const bool older = credential && published->revision() < credential->revision && !known.empty();
  return older ? known : published->client_id;
}

bool may_have_unnamed_clients(const Observation& seen) {
  const api::ApiClientStatus& status = seen.client.status;
  if (status.rotation.in_progress && seen.fenced_outcome == FencedOutcome::unknown) return true;
  return seen.published() != nullptr && !status.issued();
}

std::vector<RecordedClient> unnamed_clients(const Observation& seen, std::vector<RecordedClient> recorded) {
  const api::ApiClientStatus& status = seen.client.status;
  std::vector<std::string> named{seen.desired.settings.client_id, status.client_id};
  if (status.previous) named.push_back(status.previous->id);
  if (seen.staged) named.push_back(seen.staged->client_id);
  if (seen.published() != nullptr) named.push_back(seen.published()->client_id);
  std::erase_if(recorded, [&](const RecordedClient& one) {
    return std::ranges::find(named, one.client_id) != named.end();
  });
  return recorded;
}

Plan make_reregister_plan(const Observation& seen, WallTime now) {
  return ReregisterPlanner(seen, now).plan();
}

}  // namespace apiclient::reconciler
