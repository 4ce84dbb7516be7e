#pragma once
// POST /oauth2/introspect (RFC 7662): whether an access token of ours is good, and what it says. For any
// client that proves itself, because resource servers ask about tokens of others. Thread-safe.

#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "http/server.h"
#include "registry/client_authenticator.h"
#include "registry/client_store.h"
#include "registry/issued_token.h"
#include "registry/revoked_tokens.h"
#include "registry/signing_keys.h"
#include "telemetry/log.h"

namespace apiclient::registry {

class IntrospectionEndpoint {
 public:
  /// Not owned, longer-lived.
  struct Parts {
    ClientAuthenticator& authenticator;
    ClientStore& store;
    RevokedTokens& revoked;
    SigningKeys& keys;
    const Clock& clock;
  };

  IntrospectionEndpoint(const Parts& parts, std::string issuer) : parts_(parts), issuer_(std::move(issuer)) {}

  [[nodiscard]] http::Response handle(const http::ServerRequest& request) const;

 private:
  [[nodiscard]] std::variant<http::Response, OAuthRefusal> answer(const http::ServerRequest& request) const;
  /// The token, when nothing speaks against it.
  [[nodiscard]] Result<std::optional<IssuedToken>> find_active(std::string_view token) const;

  const Parts parts_;
  const std::string issuer_;
  const telemetry::Log log_;
};

}  // namespace apiclient::registry
