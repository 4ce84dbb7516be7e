#pragma once
// POST /oauth2/token: client_credentials (RFC 6749 §4.4). The client is authenticated before its grant is
// looked at, so that the answer to any grant tells whether a secret is right. Thread-safe.

#include <string>
#include <variant>

#include "base/clock.h"
#include "http/server.h"
#include "registry/access_token.h"
#include "registry/client_authenticator.h"
#include "registry/registry_metrics.h"
#include "registry/signing_keys.h"
#include "telemetry/log.h"

namespace apiclient::registry {

class TokenEndpoint {
 public:
  /// Not owned, longer-lived.
  struct Parts {
    ClientAuthenticator& authenticator;
    SigningKeys& keys;
    TokenLifetimes& lifetimes;
    RegistryMetrics& metrics;
    const Clock& clock;
  };

  TokenEndpoint(const Parts& parts, std::string issuer) : parts_(parts), issuer_(std::move(issuer)) {}

  [[nodiscard]] http::Response handle(const http::ServerRequest& request) const;

 private:
  using Outcome = std::variant<http::Response, OAuthRefusal>;

  [[nodiscard]] Outcome answer(const http::ServerRequest& request) const;
  [[nodiscard]] Outcome issue(const ClientMetadata& client, const Form& form) const;

  const Parts parts_;
  const std::string issuer_;
  const telemetry::Log log_;
};

}  // namespace apiclient::registry
