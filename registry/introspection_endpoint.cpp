#include "registry/introspection_endpoint.h"

#include <nlohmann/json.hpp>

namespace apiclient::registry {
namespace {

constexpr OAuthError kNoToken{"invalid_request", "token is missing"};
constexpr OAuthError kPublicClient{"invalid_client", "a public client may not ask about tokens"};
constexpr OAuthError kServerError{"server_error", "try again later"};

/// A client of the same id that was created after the token is not the one that it was issued to. Tokens know
/// whole seconds only.
bool is_client_of(const ClientRecord& client, const IssuedToken& token) {
  return !client.disabled && std::chrono::floor<std::chrono::seconds>(client.created_at) <= token.issued_at;
}

Json describe(const IssuedToken& token) {
  Json body = json::parse(token.claims).value_or(Json::object());
  body.update({{"active", true}, {"token_type", "Bearer"}});
  return body;
}

}  // namespace

http::Response IntrospectionEndpoint::handle(const http::ServerRequest& request) const {
  auto outcome = answer(request);
  if (auto* response = std::get_if<http::Response>(&outcome)) return std::move(*response);
  return refusal_response(*std::get_if<OAuthRefusal>(&outcome));
}

std::variant<http::Response, OAuthRefusal> IntrospectionEndpoint::answer(
    const http::ServerRequest& request) const {
  const auto form = read_form(request);
  if (const auto* refusal = std::get_if<OAuthRefusal>(&form)) return *refusal;
  const auto client = parts_.authenticator.authenticate(request, *std::get_if<Form>(&form));
  if (const auto* refusal = std::get_if<OAuthRefusal>(&client)) return *refusal;
  if (std::get_if<ClientMetadata>(&client)->token_endpoint_auth_method == AuthMethod::none)
    return OAuthRefusal{kPublicClient, 401};
  const auto token = form_value(*std::get_if<Form>(&form), "token");
  if (token.empty()) return OAuthRefusal{kNoToken};
  const auto active = find_active(token);
  if (!active) {
    log_.error("cannot look up token", {{"error", active.error().message}});
    return OAuthRefusal{kServerError, 503};
  }
  return oauth_response(200, *active ? describe(**active) : Json{{"active", false}});
}

Result<std::optional<IssuedToken>> IntrospectionEndpoint::find_active(std::string_view token) const {
  auto issued = read_issued_token(token, parts_.keys.key_set(), issuer_, parts_.clock.wall_now());
  if (!issued) return std::optional<IssuedToken>{};
  ASSIGN_OR_RETURN(const bool revoked, parts_.revoked.contains(issued->token_id));
  if (revoked) return std::optional<IssuedToken>{};
  ASSIGN_OR_RETURN(const auto client, parts_.store.find(issued->client_id));
  if (!client || !is_client_of(*client, *issued)) return std::optional<IssuedToken>{};
  return issued;
}

}  // namespace apiclient::registry
