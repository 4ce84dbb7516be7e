#pragma once
// Is an ApiClient as it should be, as far as the caches can tell? Pure. A yes costs no read at all: this is
// what makes a restart with many ready clients cheap. Doubt is a no: the pass then reads everything live.

#include "api/api_client_summary.h"
#include "reconciler/registry_directory.h"
#include "reconciler/secret_summary.h"

namespace apiclient::reconciler {

struct CachedView {
  const api::ApiClientSummary& client;
  const SecretSummary* target = nullptr;       ///< Secret under the published name; null: not in the cache
  bool staged = false;                         ///< a staged Secret is in the cache
  bool has_former = false;                     ///< a Secret under a former name is still there
  const RegistrySnapshot* registry = nullptr;  ///< of the status; null: unknown or not probed yet
};

/// All is right and the registry is well.
bool is_settled(const CachedView& view);

/// The announced time of a planned rotation has come.
bool rotation_is_due(const api::ApiClientSummary& client, WallTime now);

}  // namespace apiclient::reconciler
