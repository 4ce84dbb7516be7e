#pragma once
// The backend over Keycloak's Admin REST API. Thread-safe. Keycloak has no preconditions: a write of an
// existing client is a read, a look at its mark, and an update that holds only what is ours. Scopes, and the
// roles of a client's service account, are changed one by one behind it: what a crash leaves undone is seen
// as a difference.

#include <memory>
#include <string>

#include "backend/backend.h"
#include "backend/discovery.h"
#include "base/clock.h"
#include "http/transport.h"
#include "telemetry/metrics.h"

namespace apiclient::backend {

/// What the backend needs; nothing is owned, all of it outlives the backend.
struct KeycloakParts {
  http::Transport&
      reads;  ///< base URI is that of the realm's admin resources; adds our credentials; may repeat
  http::Transport& writes;  ///< the same, fenced; sends once
  Discovery& discovery;
  const Clock& clock;
  telemetry::Metrics& metrics;
};

/// `name` is the registry's label in metrics.
std::unique_ptr<Backend> make_keycloak_backend(std::string name, const KeycloakParts& parts);

}  // namespace apiclient::backend
