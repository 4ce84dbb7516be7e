#pragma once
// The token of an embedded registry's admin API, for an installation that starts the registry beside the
// operator: the operator makes the Secret, and the registry's Pod waits until there is one. A chart that made
// it would make another one each time it is rendered.

#include <stop_token>
#include <string>

#include "base/result.h"
#include "kube/client.h"

namespace apiclient::app {

/// Creates the Secret with a random `token`, usable by registries, when there is none. One that exists is
/// never changed, whatever is in it. Several replicas may start at once.
Result<void> ensure_registry_token(kube::Client& client, const std::string& namespace_name,
                                   const std::string& name, std::stop_token stop);

}  // namespace apiclient::app
