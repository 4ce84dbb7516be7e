#pragma once
// How a client presents itself at the token endpoint (RFC 6749 §2.3.1): the Authorization header or the body.
// Pure functions; whether the credentials are right is decided elsewhere.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/secret.h"
#include "registry/client.h"

namespace apiclient::registry {

using Form = std::vector<std::pair<std::string, std::string>>;

/// First value; empty when missing.
std::string_view form_value(const Form& form, std::string_view name);

/// A refusal of RFC 6749 §5.2; `code` is one of its error words. Never repeats what was sent.
struct OAuthError {
  std::string_view code;
  std::string_view description;
};

/// `method` is client_secret_basic, client_secret_post, or none when there is only an id.
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
