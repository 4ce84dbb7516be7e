#include "registry/client_authentication.h"

#include "base/encoding.h"
#include "http/authorization.h"
#include "http/uri.h"
#include "registry/client_assertion.h"

namespace apiclient::registry {
namespace {

constexpr OAuthError kUnreadable{"invalid_client", "the Authorization header is not readable as Basic"};
constexpr OAuthError kTwoWays{"invalid_request", "use one way of client authentication, not two"};
constexpr OAuthError kOtherAssertion{"invalid_client", "this client_assertion_type is not known here"};
constexpr OAuthError kUnreadableAssertion{"invalid_client",
                                          "client_assertion is not a readable JWT with sub"};
constexpr OAuthError kOtherClient{"invalid_client", "client_id differs from the assertion"};
constexpr OAuthError kNoClient{"invalid_client", "no client authentication"};

/// Whether the body has a credential of the member's kind; RFC 6749 §3.1: an empty one counts as missing.
bool has(const Form& form, std::string_view name) { return !form_value(form, name).empty(); }

std::variant<PresentedClient, OAuthError> read_assertion(const Form& form) {
  const auto assertion = form_value(form, "client_assertion");
  if (form_value(form, "client_assertion_type") != kAssertionType) return kOtherAssertion;
  const auto client_id = claimed_client(assertion);
  if (!client_id) return kUnreadableAssertion;
  // RFC 7521 §4.2: the id may be repeated, and is then the same.
  if (has(form, "client_id") && form_value(form, "client_id") != *client_id) return kOtherClient;
  return PresentedClient{AuthMethod::private_key_jwt, *client_id, Secret(assertion)};
}

}  // namespace

std::optional<PresentedClient> parse_basic(std::string_view authorization) {
  auto pair = base64_decode(http::credentials_of(authorization, "Basic"));
  if (!pair) return std::nullopt;
  // A colon inside the id is percent-encoded, so the first one parts id and secret.
  const auto colon = pair->find(':');
  std::optional<PresentedClient> presented;
  if (colon != std::string::npos) {
    auto client_id = http::form_decode(std::string_view(*pair).substr(0, colon));
    auto secret = http::form_decode(std::string_view(*pair).substr(colon + 1));
    if (client_id && !client_id->empty() && secret)
      presented = PresentedClient{AuthMethod::client_secret_basic, *std::move(client_id), Secret(*secret)};
    if (secret) wipe(*secret);
  }
  wipe(*pair);
  return presented;
}

std::variant<PresentedClient, OAuthError> read_presented_client(std::string_view authorization,
                                                                const Form& form) {
  const auto body_id = form_value(form, "client_id");
  const auto body_secret = form_value(form, "client_secret");
  if (has(form, "client_assertion") || has(form, "client_assertion_type")) {
    if (!authorization.empty() || !body_secret.empty()) return kTwoWays;
    return read_assertion(form);
  }
  if (!authorization.empty()) {
    auto basic = parse_basic(authorization);
    if (!basic) return kUnreadable;
    if (!body_secret.empty()) return kTwoWays;
    if (!body_id.empty() && body_id != basic->client_id) return kTwoWays;
    return *std::move(basic);
  }
  if (body_id.empty()) return kNoClient;
  if (body_secret.empty()) return PresentedClient{AuthMethod::none, std::string(body_id), Secret()};
  return PresentedClient{AuthMethod::client_secret_post, std::string(body_id), Secret(body_secret)};
}

}  // namespace apiclient::registry
