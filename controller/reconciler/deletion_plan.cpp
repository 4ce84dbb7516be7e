#include "reconciler/deletion_plan.h"

#include <algorithm>

#include "api/names.h"
#include "base/overloaded.h"
#include "reconciler/strategy.h"

namespace apiclient::reconciler {
namespace {

bool retains(const api::ApiClient& client) {
  return client.spec.effective_deletion_policy() == api::DeletionPolicy::retain;
}

bool disables(const api::ApiClient& client) {
  return client.spec.deletion_policy == api::DeletionPolicy::disable;
}

/// Of every client that it may have had where the server picks the ids.
std::optional<deletion_step::ForgetRegistrations> registrations_of(const DeletionObservation& seen) {
  const auto origin = find_origin(seen);
  if (!origin || seen.client.status.rotation.strategy != to_string(Strategy::reregister)) return std::nullopt;
  deletion_step::ForgetRegistrations step{.registry = origin->registry_name,
                                          .client_ids = other_client_ids(seen)};
  if (!origin->client_id.empty()) step.client_ids.push_back(origin->client_id);
  return step;
}

}  // namespace

std::string_view name_of(const DeletionStep& step) {
  return std::visit(
      overloaded{[](const deletion_step::RemoveClient&) { return "remove-client"; },
                 [](const deletion_step::DisableClient&) { return "disable-client"; },
                 [](const deletion_step::DeleteTarget&) { return "delete-secret"; },
                 [](const deletion_step::DeleteFormers&) { return "delete-formers"; },
                 [](const deletion_step::DropStaged&) { return "unstage"; },
                 [](const deletion_step::ForgetRegistrations&) { return "forget-registrations"; },
                 [](const deletion_step::ReleaseFinalizer&) { return "release"; }},
      step);
}

std::optional<Origin> find_origin(const DeletionObservation& seen) {
  const api::ApiClientStatus& status = seen.client.status;
  if (!status.client_id.empty() && status.registry) {
    return Origin{.client_id = status.client_id, .registry_name = seen.client.pinned_registry()};
  }
  if (seen.staged)
    return Origin{.client_id = seen.staged->client_id,
                  .registry_name = seen.client.registry_of(seen.staged->registry)};
  if (status.rotation.in_progress) {
    return Origin{.client_id = status.rotation.in_progress->client_id,
                  .registry_name = seen.client.registry_of(status.rotation.in_progress->registry)};
  }
  if (seen.target && seen.target_is_ours() && !seen.target->client_id.empty()) {
    return Origin{.client_id = seen.target->client_id, .registry_name = registry_of(seen.target->meta)};
  }
  return std::nullopt;
}

std::vector<std::string> other_client_ids(const DeletionObservation& seen) {
  const auto origin = find_origin(seen);
  std::vector<std::string> ids;
  const auto add = [&](const std::string& id) {
    const bool known = origin && id == origin->client_id;
    if (!id.empty() && !known && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  };
  const api::ApiClientStatus& status = seen.client.status;
  // The id of a previous secret is a client's only there.
  if (status.previous && status.rotation.strategy == to_string(Strategy::reregister))
    add(status.previous->id);
  if (seen.target && seen.target_is_ours()) add(seen.target->client_id);
  if (seen.staged) add(seen.staged->client_id);
  add(seen.unstaged_client_id);
  for (const RecordedClient& recorded : seen.recorded) add(recorded.client_id);
  return ids;
}

bool abandoned_by_person(const api::ApiClient& client) {
  return client.meta.annotation(api::kAbandonAnnotation) == client.meta.uid;
}

bool needs_registry(const DeletionObservation& seen) {
  return !retains(seen.client) && !abandoned_by_person(seen.client) && find_origin(seen).has_value();
}

std::vector<DeletionStep> make_deletion_plan(const DeletionObservation& seen) {
  std::vector<DeletionStep> steps;
  // Another's client under our id is not ours to remove.
  const bool ours = owner_of(seen.registered, seen.client.meta, seen.installation_id) == ClientOwner::us;
  if (needs_registry(seen) && ours) {
    const std::string& id = seen.registered->settings.client_id;
    const std::string& uid = seen.registered->mark->uid;
    if (!disables(seen.client)) {
      steps.emplace_back(deletion_step::RemoveClient{.client_id = id, .expected_uid = uid});
    } else if (!seen.registered->disabled) {
      steps.emplace_back(deletion_step::DisableClient{.client_id = id, .expected_uid = uid});
    }
  }
  if (needs_registry(seen)) {
    for (const backend::RegisteredClient& other : seen.others) {
      if (owner_of(other, seen.client.meta, seen.installation_id) != ClientOwner::us) continue;
      steps.emplace_back(deletion_step::RemoveClient{.client_id = other.settings.client_id,
                                                     .expected_uid = other.mark->uid});
    }
  }
  if (seen.target && seen.target_is_ours() && !retains(seen.client)) {
    steps.emplace_back(deletion_step::DeleteTarget{});
  }
  // Whatever the policy: these were to go anyway.
  if (!seen.formers.empty()) steps.emplace_back(deletion_step::DeleteFormers{});
  if (seen.staged) steps.emplace_back(deletion_step::DropStaged{});
  if (auto registrations = registrations_of(seen)) steps.emplace_back(std::move(*registrations));
  steps.emplace_back(deletion_step::ReleaseFinalizer{});
  return steps;
}

}  // namespace apiclient::reconciler
