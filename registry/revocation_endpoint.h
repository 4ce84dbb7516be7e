#pragma once
// POST /oauth2/revoke (RFC 7009): a client ends one of its own access tokens. Those who only check the
// token's signature do not notice; introspection does. Thread-safe.

#include <string>
#include <variant>

#include "base/clock.h"
#include "http/server.h"
#include "registry/client_authenticator.h"
#include "registry/revoked_tokens.h"
#include "registry/signing_keys.h"
#include "telemetry/log.h"

namespace apiclient::registry {

class RevocationEndpoint {
 public:
  /// Not owned, longer-lived.
  struct Parts {
    ClientAuthenticator& authenticator;
    RevokedTokens& revoked;
    SigningKeys& keys;
    const Clock& clock;
  };

  RevocationEndpoint(const Parts& parts, std::string issuer) : parts_(parts), issuer_(std::move(issuer)) {}

  [[nodiscard]] http::Response handle(const http::ServerRequest& request) const;

 private:
  using Outcome = std::variant<http::Response, OAuthRefusal>;
  [[nodiscard]] Outcome answer(const http::ServerRequest& request) const;
  [[nodiscard]] Outcome revoke(const ClientMetadata& client, std::string_view token) const;

  const Parts parts_;
  const std::string issuer_;
  const telemetry::Log log_;
};

}  // namespace apiclient::registry
