#pragma once
// The backend for any server with dynamic client registration (RFC 7591) and, where it has it, its management
// (RFC 7592). The server picks the id, makes the one secret, and knows no owner: everything that a client is
// recognised and changed by is in a RegistrationStore. Errors as in backend.h. Codes:
// "registration_token_refused" (invalid: the server does not take the token that belongs to this client,
// which also is how it says that the client is gone), "no_management" (invalid: it does not do that to a
// client).

#include <memory>
#include <string>

#include "backend/backend.h"
#include "backend/registration_endpoint.h"
#include "backend/registration_store.h"
#include "base/clock.h"
#include "http/transport.h"
#include "telemetry/metrics.h"

namespace apiclient::backend {

/// What it works with; nothing is owned, everything outlives the backend.
struct RegistrationParts {
  RegistrationEndpointParts endpoint;
  /// At the endpoint's origin, without credentials, sends once: a read may change the token (RFC 7592 §2.1).
  http::Transport& management;
  RegistrationStore& store;
  const Clock& clock;
  telemetry::Metrics& metrics;
};

std::unique_ptr<Backend> make_registration_backend(std::string name, RegistrationParts parts);

}  // namespace apiclient::backend
