#pragma once
// What the spec of a ClientRegistry may lead to: before a Secret is read for it or anything is sent. What a
// server's metadata leads to is refused where connections are made (backend/registry_connection.h). Pure.

#include <optional>

#include "api/client_registry.h"
#include "backend/host_list.h"
#include "reconciler/registry_trouble.h"

namespace apiclient::reconciler {

/// HostNotAllowed for the first field that names a host which is not listed.
std::optional<RegistryTrouble> check_hosts(const api::ClientRegistrySpec& spec,
                                           const backend::HostList& hosts);

}  // namespace apiclient::reconciler
