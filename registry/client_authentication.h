#pragma once
// How a client presents itself at the public endpoints: the Authorization header or the body (RFC 6749
// §2.3.1), or an assertion in the body (RFC 7523 §2.2).
// Pure functions; whether the credentials are right is decided elsewhere.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/secret.h"
#include "registry/client.h"
#include "registry/oauth_message.h"

namespace apiclient::registry {

/// `method` is client_secret_basic, client_secret_post, private_key_jwt (then `secret` is the assertion, and
/// the id is what it claims), or none when there is only an id.
struct PresentedClient {
  AuthMethod method = AuthMethod::none;
  std::string client_id;
  Secret secret;
};

std::variant<PresentedClient, OAuthError> read_presented_client(std::string_view authorization,
                                                                const Form& form);

/// RFC 7617 with the form encoding that RFC 6749 §2.3.1 puts inside; empty when it cannot be read.
std::optional<PresentedClient> parse_basic(std::string_view authorization);

}  // namespace apiclient::registry
