#include "reconciler/sweep.h"

#include <algorithm>
#include <unordered_set>

namespace apiclient::reconciler {

SweepOwner sweep_owner(const api::ApiClientSummary& client) {
  const bool issued = client.revision > 0 || !client.binding_name.empty();
  const bool known = !client.pinned_registry.empty() && !client.client_id.empty();
  return {.registry = client.pinned_registry,
          .client_id = client.client_id,
          .settled = issued && known && !client.deleting};
}

std::vector<std::string> unclaimed_ids(std::vector<std::string> listed, const SweepOwners& owners,
                                       const std::string& registry) {
  std::unordered_set<std::string> claimed;
  for (const auto& [uid, owner] : owners) {
    if (owner.registry == registry) claimed.insert(owner.client_id);
  }
  std::erase_if(listed, [&](const std::string& id) { return claimed.contains(id); });
  std::ranges::sort(listed);
  return listed;
}

bool is_orphan(const backend::RegisteredClient& client, const SweepOwners& owners,
               const std::string& installation_id) {
  if (!client.mark || client.mark->installation_id != installation_id) return false;
  const auto owner = owners.find(client.mark->uid);
  if (owner == owners.end()) return true;
  // Not by the registry: two registry objects may lead to one server, which then lists the clients of both.
  return owner->second.settled && owner->second.client_id != client.settings.client_id;
}

SecretFinding judge_secret(const SecretSummary& secret, const SweepOwners& owners) {
  // What belongs to a client of the registry goes with that.
  if (secret.registration) return SecretFinding::owned;
  if (secret.owner_uid.empty() || owners.contains(secret.owner_uid)) return SecretFinding::owned;
  return secret.staged ? SecretFinding::staged_without_owner : SecretFinding::orphaned;
}

}  // namespace apiclient::reconciler
