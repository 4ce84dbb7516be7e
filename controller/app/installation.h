#pragma once
// The installation id: which operator made a client. Written once to the ConfigMap `apiclient-operator`.

#include <stop_token>
#include <string>

#include "base/result.h"
#include "kube/client.h"

namespace apiclient::app {

/// Reads the id, or creates the ConfigMap with `wanted` (random when empty). Two replicas that start at once
/// agree. An error when the ConfigMap holds another id than `wanted`: taking over another installation's
/// clients is decided by a person.
Result<std::string> ensure_installation_id(kube::Client& client, const std::string& namespace_name,
                                           const std::string& wanted, std::stop_token stop);

}  // namespace apiclient::app
