#include "reconciler/plan.h"

#include <algorithm>

#include "api/conditions.h"
#include "api/names.h"
#include "base/overloaded.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;

Refusal stall(std::string_view why, std::string message) {
  return {.reason = std::string(why), .message = std::move(message), .stalled = true};
}

std::optional<Refusal> check_target(const Observation& seen) {
  const std::string name = seen.client.secret_name();
  if (seen.target_owner == TargetOwner::foreign) {
    return stall(reason::kSecretNameConflict, "Secret " + name +
                                                  " exists and is not the operator's; it is left alone. "
                                                  "Delete it, or set spec.secret.name to another name");
  }
  if (seen.target_owner == TargetOwner::other_client || (seen.older_claimant && !seen.target_is_ours())) {
    return stall(reason::kSecretNameConflict, "Secret " + name +
                                                  " belongs to another ApiClient of this namespace; set "
                                                  "spec.secret.name to another name");
  }
  if (!seen.target) return std::nullopt;
  if (seen.target->immutable) {
    return stall(
        reason::kSecretImmutable,
        "Secret " + name + " is immutable, so it can never be rotated; delete it, it will be made again");
  }
  if (seen.target->type != seen.client.spec.secret.type) {
    return stall(reason::kSecretImmutable, "Secret " + name + " has type " + seen.target->type +
                                               ", which cannot be changed; delete it, it will be made again");
  }
  return std::nullopt;
}

std::optional<Refusal> check_registered(const Observation& seen) {
  const std::string& id = seen.desired.settings.client_id;
  switch (seen.client_owner()) {
    case ClientOwner::nobody:
    case ClientOwner::us: return std::nullopt;
    case ClientOwner::other_installation:
      return stall(reason::kOwnedElsewhere, "client " + id +
                                                " belongs to another installation of the operator; set "
                                                "spec.clientId to another value");
    case ClientOwner::other_client:
      return stall(reason::kClientIdConflict,
                   "client " + id + " belongs to ApiClient " + seen.registered->mark->namespace_name + "/" +
                       seen.registered->mark->name + "; set spec.clientId to another value");
    case ClientOwner::unmarked:
      return stall(reason::kClientIdConflict,
                   "client " + id +
                       " exists in the registry and was not made by the "
                       "operator; set spec.clientId to another value, or remove that client");
  }
  return std::nullopt;
}

std::optional<Refusal> check_pin(const Observation& seen) {
  const std::string& pinned = seen.client.status.client_id;
  const std::string& id = seen.desired.settings.client_id;
  if (pinned.empty() || pinned == id) return std::nullopt;
  return stall(reason::kRegistryChanged, "this client was issued as " + pinned +
                                             ", but its registry now makes " + id +
                                             "; restore tenant and clientIdTemplate of the registry");
}

/// A mint is finished where it began, or its client would be left behind there.
std::optional<Refusal> check_fence(const Observation& seen) {
  const auto& fence = seen.client.status.rotation.in_progress;
  if (!seen.staged && !fence) return std::nullopt;
  const std::string& id = seen.staged ? seen.staged->client_id : fence->client_id;
  const api::RegistryStatus& at = seen.staged ? seen.staged->registry : fence->registry;
  const bool same = id == seen.desired.settings.client_id && at.name == seen.registry->name &&
                    at.issuer == seen.registry->spec.issuer;
  if (same) return std::nullopt;
  return stall(reason::kRegistryChanged,
               "client " + id + " was begun at ClusterClientRegistry " + at.name +
                   " and has to be finished there; set spec.registryRef.name to it, or "
                   "delete and re-create this ApiClient");
}

std::optional<Refusal> check_rename(const Observation& seen) {
  const std::string& published = seen.client.status.binding_name;
  if (published.empty() || published == seen.client.secret_name()) return std::nullopt;
  return stall(reason::kUnsupported,
               "spec.secret.name cannot be changed by this version of the operator; set it back "
               "to " +
                   published);
}

std::optional<Refusal> find_refusal(const Observation& seen) {
  auto refusal = check_pin(seen);
  if (!refusal) refusal = check_fence(seen);
  if (!refusal) refusal = check_rename(seen);
  if (!refusal) refusal = check_target(seen);
  if (!refusal) refusal = check_registered(seen);
  return refusal;
}

/// A published value that could be used: ours, with a revision and a secret in it.
bool has_published_value(const Observation& seen) {
  return seen.target && seen.target_is_ours() && seen.target->revision() > 0 && !seen.target->value.empty() &&
         seen.target->client_id == seen.desired.settings.client_id;
}

const backend::Credential* find_credential(const Observation& seen, std::string_view operation_id) {
  const auto& all = seen.registered->credentials;
  const auto found = std::ranges::find(all, operation_id, &backend::Credential::operation_id);
  return found == all.end() ? nullptr : &*found;
}

/// The registry knows the published revision, nothing newer, and has not refused the value.
bool published_value_stands(const Observation& seen) {
  if (!has_published_value(seen) || seen.published_verdict == backend::Verdict::rejected) return false;
  const std::int64_t revision = seen.target->revision();
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
    if (!seen.target || credential.id != seen.target->credential_id()) return credential.id;
  }
  return std::nullopt;
}

class Planner {
 public:
  Planner(const Observation& seen, WallTime now) : seen_(seen), now_(now) {}

  Plan plan() {
    if (!seen_.client.meta.has_finalizer(api::kCleanupFinalizer)) add(step::AddFinalizer{});
    if (!seen_.desired.settings.has_secret()) {
      plan_without_secret();
    } else if (seen_.staged && !staged_is_superseded()) {
      plan_from_staged();
    } else {
      plan_unstaged();
    }
    return std::move(plan_);
  }

 private:
  void add(Step step) { plan_.steps.push_back(std::move(step)); }

  void plan_without_secret() {
    const auto& fence = seen_.client.status.rotation.in_progress;
    if (seen_.registered) {
      update_when_needed();
    } else {
      if (!fence) add(step::Fence{});
      add(step::CreateClient{.value = step::ValueFrom::none});
    }
    publish();
  }

  /// Another mint went past the staged one, whatever has become of its value since.
  [[nodiscard]] bool staged_is_superseded() const {
    return seen_.target_owner == TargetOwner::us &&
           seen_.target->operation_id() != seen_.staged->operation_id &&
           seen_.target->revision() >= seen_.staged->revision;
  }
  [[nodiscard]] bool staged_is_published() const {
    return has_published_value(seen_) && seen_.target->operation_id() == seen_.staged->operation_id;
  }

  void plan_from_staged() {
    const bool stored = seen_.registered && find_credential(seen_, seen_.staged->operation_id) != nullptr;
    if (!seen_.registered) {
      add(step::CreateClient{.value = step::ValueFrom::staged});
    } else {
      update_when_needed();
      if (!stored) add_credential();
      keep_older_than(seen_.staged->revision);
    }
    if (!stored || !staged_is_published()) verify();
    publish();
    add(step::DropStaged{});
  }

  void plan_unstaged() {
    if (seen_.staged) add(step::DropStaged{});
    if (!seen_.registered && has_published_value(seen_)) {
      add(step::CreateClient{.value = step::ValueFrom::published});
      verify();
      publish();
    } else if (seen_.registered && published_value_stands(seen_)) {
      update_when_needed();
      // Asked, and no answer: what is published is not called good before there is one.
      if (seen_.published_verdict == backend::Verdict::unknown) verify();
      keep_older_than(seen_.target->revision());
      retire_when_due();
      publish();
    } else {
      mint();
    }
  }

  void mint() {
    const std::int64_t revision = next_revision(seen_);
    add(step::Stage{.revision = revision});
    if (seen_.registered) {
      update_when_needed();
      add_credential();
      keep_older_than(revision);
    } else {
      add(step::CreateClient{.value = step::ValueFrom::staged});
    }
    verify();
    publish();
    add(step::DropStaged{});
  }

  void update_when_needed() {
    if (needs_update(seen_)) add(step::UpdateClient{});
  }
  void add_credential() {
    freed_ = slot_to_free(seen_);
    if (freed_) add(step::RetireOldest{.credential_id = *freed_});
    add(step::AddCredential{});
  }
  void verify() {
    if (seen_.registry->spec.verify_credentials) add(step::Verify{});
  }
  void publish() {
    add(step::Publish{});
    add(step::WriteStatus{});
  }

  /// Secrets below the published one stay valid beside it: as long as planned for the newest of them, or from
  /// now on.
  void keep_older_than(std::int64_t published) {
    const backend::Credential* newest = nullptr;
    for (const backend::Credential& credential : seen_.registered->credentials) {
      if (credential.revision < published && credential.id != freed_) newest = &credential;
    }
    if (newest == nullptr) return;
    const auto& planned = seen_.client.status.previous;
    const bool is_planned = planned && planned->retire_at && planned->revision >= newest->revision;
    plan_.previous = is_planned ? *planned
                                : api::PreviousStatus{.revision = newest->revision,
                                                      .id = newest->id,
                                                      .hint = newest->hint,
                                                      .retire_at = now_ + kDefaultOverlap};
  }

  /// Never the secret that the live target names.
  void retire_when_due() {
    if (!plan_.previous || *plan_.previous->retire_at > now_) return;
    std::vector<std::string> older;
    for (const backend::Credential& credential : seen_.registered->credentials) {
      const bool named = credential.id == seen_.target->credential_id();
      if (credential.revision < seen_.target->revision() && !named) older.push_back(credential.id);
    }
    plan_.previous.reset();
    if (!older.empty()) add(step::RetireOlder{.credential_ids = std::move(older)});
  }

  const Observation& seen_;
  WallTime now_;
  std::optional<std::string> freed_;  ///< the secret that makes room
  Plan plan_;
};

}  // namespace

std::string_view name_of(const Step& step) {
  return std::visit(
      overloaded{[](const step::AddFinalizer&) { return "finalizer"; },
                 [](const step::Fence&) { return "fence"; }, [](const step::Stage&) { return "stage"; },
                 [](const step::CreateClient&) { return "create"; },
                 [](const step::UpdateClient&) { return "update"; },
                 [](const step::RetireOldest&) { return "retire-oldest"; },
                 [](const step::AddCredential&) { return "add-credential"; },
                 [](const step::Verify&) { return "verify"; }, [](const step::Publish&) { return "publish"; },
                 [](const step::RetireOlder&) { return "retire"; },
                 [](const step::WriteStatus&) { return "status"; },
                 [](const step::DropStaged&) { return "unstage"; }},
      step);
}

std::int64_t next_revision(const Observation& seen) {
  std::int64_t highest = seen.client.status.credential ? seen.client.status.credential->revision : 0;
  if (seen.target && seen.target_is_ours()) highest = std::max(highest, seen.target->revision());
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
