#pragma once
// An authenticator that fetches access tokens with the client_credentials grant (RFC 6749 §4.4), keeps the
// last one, and renews it before it ends. Thread-safe; one fetch at a time, the others wait for it.

#include <functional>
#include <memory>

#include "backend/authenticator.h"
#include "backend/discovery.h"
#include "backend/token_verifier.h"
#include "base/clock.h"

namespace apiclient::backend {

struct ClientCredentialsParts {
  Discovery& discovery;  ///< names the token endpoint where none is given
  MakeTransport make_transport;
  const Clock& clock;
};

/// Nothing is owned; all outlives the authenticator. Errors: invalid (an empty value).
Result<std::unique_ptr<Authenticator>> make_client_credentials(ClientCredentialsAuth auth,
                                                               ClientCredentialsParts parts);

}  // namespace apiclient::backend
