#pragma once
// What people should hear of a change of a status: from the status before and the one after to Events. Pure.
// A status is written only when it changed, so an Event comes once for each change, also across restarts.

#include <vector>

#include "api/api_client.h"
#include "api/client_registry.h"
#include "kube/event.h"

namespace apiclient::reconciler {

/// `client` as it was read, with the status before.
std::vector<kube::Event> events_between(const api::ApiClient& client, const api::ApiClientStatus& after);
std::vector<kube::Event> events_between(const api::ClientRegistry& registry,
                                        const api::ClientRegistryStatus& after);

}  // namespace apiclient::reconciler
