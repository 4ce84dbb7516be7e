#include "registry/revocation_endpoint.h"

#include "registry/issued_token.h"

namespace apiclient::registry {
namespace {

constexpr OAuthError kNoToken{"invalid_request", "token is missing"};
constexpr OAuthError kOtherClient{"unauthorized_client", "the token was issued to another client"};
constexpr OAuthError kServerError{"server_error", "try again later"};

http::Response done() { return {.status_code = 200, .headers = {{"Cache-Control", "no-store"}}}; }

}  // namespace

http::Response RevocationEndpoint::handle(const http::ServerRequest& request) const {
  auto outcome = answer(request);
  if (auto* response = std::get_if<http::Response>(&outcome)) return std::move(*response);
  return refusal_response(*std::get_if<OAuthRefusal>(&outcome));
}

RevocationEndpoint::Outcome RevocationEndpoint::answer(const http::ServerRequest& request) const {
  const auto form = read_form(request);
  if (const auto* refusal = std::get_if<OAuthRefusal>(&form)) return *refusal;
  const auto client = parts_.authenticator.authenticate(request, *std::get_if<Form>(&form));
  if (const auto* refusal = std::get_if<OAuthRefusal>(&client)) return *refusal;
  const auto token = form_value(*std::get_if<Form>(&form), "token");
  if (token.empty()) return OAuthRefusal{kNoToken};
  return revoke(*std::get_if<ClientMetadata>(&client), token);
}

RevocationEndpoint::Outcome RevocationEndpoint::revoke(const ClientMetadata& client,
                                                       std::string_view token) const {
  const auto issued = read_issued_token(token, parts_.keys.key_set(), issuer_, parts_.clock.wall_now());
  // RFC 7009 §2.2: a token that is not valid needs no revocation.
  if (!issued) return done();
  if (issued->client_id != client.client_id) return OAuthRefusal{kOtherClient};
  if (const auto revoked = parts_.revoked.revoke(issued->token_id, issued->expires_at); !revoked) {
    log_.error("cannot revoke token", {{"error", revoked.error().message}});
    return OAuthRefusal{kServerError, 503};
  }
  log_.info("token revoked", {{"client_id", client.client_id}, {"token_id", issued->token_id}});
  return done();
}

}  // namespace apiclient::registry
