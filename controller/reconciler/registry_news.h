#pragma once
// What the ApiClients of a registry have to hear of it, and how they are told: spread over time, so that a
// registry that has just recovered is not overrun.

#include <chrono>
#include <functional>
#include <string>

#include "api/api_client_summary.h"
#include "kube/object_key.h"
#include "reconciler/pass_memory.h"
#include "runtime/store.h"

namespace apiclient::reconciler {

/// A registry has come, gone, recovered or failed, or its spec has changed.
struct RegistryNews {
  std::string registry = {};  ///< api/registry_id.h
  bool spec_changed = false;
  bool first = false;  ///< of this registry since the start: most of its clients are as they should be

  bool operator==(const RegistryNews&) const = default;
};

/// How fast they look again.
inline constexpr double kClientsPerSecond = 50;

/// `look_again` puts a client into its queue after a delay.
void tell_clients(
    const RegistryNews& news, const runtime::Store<api::ApiClientSummary>& clients, PassMemory& memory,
    const std::function<void(const kube::ObjectKey& client, std::chrono::milliseconds delay)>& look_again);

}  // namespace apiclient::reconciler
