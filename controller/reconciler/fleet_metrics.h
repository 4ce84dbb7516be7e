#pragma once
// What is told of all ApiClients and registries when somebody asks for the metrics. Nothing of it is kept: a
// series costs memory only while it is read. Reads snapshots; thread-safe.

#include <string>

#include "api/api_client_summary.h"
#include "reconciler/registry_directory.h"
#include "runtime/store.h"

namespace apiclient::reconciler {

/// apiclient_clients{registry,state} and, for each ApiClient by namespace and name, the times of its
/// credential, and whether it is in need of attention.
std::string client_metrics(const runtime::Store<api::ApiClientSummary>& clients);

/// apiclient_registry_ready and apiclient_registry_circuit_open by registry.
std::string registry_metrics(const RegistryDirectory& registries);

}  // namespace apiclient::reconciler
