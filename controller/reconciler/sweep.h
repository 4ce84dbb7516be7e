#pragma once
// The decisions of the sweep: which clients, published Secrets and staged Secrets have no ApiClient any more.
// Pure. An id alone says too little (an ApiClient that is being registered has none in its status yet), so
// the mark of a client that nobody claims decides.

#include <string>
#include <unordered_map>
#include <vector>

#include "api/api_client_summary.h"
#include "backend/client.h"
#include "reconciler/secret_summary.h"

namespace apiclient::reconciler {

/// What the sweep needs to know of an ApiClient.
struct SweepOwner {
  std::string registry = {};   ///< that it is pinned to; empty: not yet
  std::string client_id = {};  ///< empty: not yet
  bool settled = false;        ///< issued and not being deleted: it has this client and no other
};
using SweepOwners = std::unordered_map<std::string, SweepOwner>;  ///< by the ApiClient's uid

SweepOwner sweep_owner(const api::ApiClientSummary& client);

/// Those of `listed` that are no ApiClient's of this registry, sorted.
std::vector<std::string> unclaimed_ids(std::vector<std::string> listed, const SweepOwners& owners,
                                       const std::string& registry);

/// `client` is one of them as the registry has it.
bool is_orphan(const backend::RegisteredClient& client, const SweepOwners& owners,
               const std::string& installation_id);

enum class SecretFinding { owned, orphaned, staged_without_owner };
/// A Secret without our mark of an owner is nobody's business.
SecretFinding judge_secret(const SecretSummary& secret, const SweepOwners& owners);

}  // namespace apiclient::reconciler
