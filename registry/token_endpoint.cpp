#include "registry/token_endpoint.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "http/uri.h"
#include "json/json.h"

namespace apiclient::registry {
namespace {

constexpr OAuthError kNotAForm{"invalid_request", "the body must be application/x-www-form-urlencoded"};
constexpr OAuthError kRepeated{"invalid_request", "a parameter is there twice"};
constexpr OAuthError kNoGrant{"invalid_request", "grant_type is missing"};
constexpr OAuthError kOtherGrant{"unsupported_grant_type", "this server knows client_credentials only"};
constexpr OAuthError kGrantNotAllowed{"unauthorized_client", "the client may not use client_credentials"};
constexpr OAuthError kWrongClient{"invalid_client", "client authentication failed"};
constexpr OAuthError kWrongMethod{"invalid_client",
                                  "the client is registered for another authentication method"};
constexpr OAuthError kWrongScope{"invalid_scope", "the client has no such scope"};
constexpr OAuthError kServerError{"server_error", "try again later"};

http::Response json_response(int status_code, const Json& body) {
  return {.status_code = status_code,
          .headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"Pragma", "no-cache"}},
          .body = json::dump(body)};
}

bool is_form(const http::ServerRequest& request) {
  const auto type = http::find_header(request.headers, "Content-Type");
  const auto end = std::min(type.find(';'), type.size());
  std::string name(type.substr(0, end));
  name.erase(name.find_last_not_of(" \t") + 1);
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "application/x-www-form-urlencoded";
}

bool has_repeated(const Form& form) {
  return std::ranges::any_of(form, [&](const auto& pair) {
    return std::ranges::count(form, pair.first, &Form::value_type::first) > 1;
  });
}

bool may_use(const ClientMetadata& client, std::string_view grant_type) {
  return std::ranges::find(client.grant_types, grant_type) != client.grant_types.end();
}

}  // namespace

http::Response TokenEndpoint::handle(const http::ServerRequest& request) const {
  Outcome outcome = answer(request);
  if (auto* response = std::get_if<http::Response>(&outcome)) {
    parts_.metrics.token_request("success");
    return std::move(*response);
  }
  const Refusal& refusal = *std::get_if<Refusal>(&outcome);
  parts_.metrics.token_request(refusal.error.code);
  log_.debug("token refused", {{"error", refusal.error.code}, {"remote", request.remote_address}});
  http::Response response = json_response(
      refusal.status_code, {{"error", refusal.error.code}, {"error_description", refusal.error.description}});
  // RFC 9110 §15.5.2 wants a challenge on every 401, also when the credentials came in the body.
  if (refusal.status_code == 401)
    response.headers.emplace("WWW-Authenticate", "Basic realm=\"oauth2\", charset=\"UTF-8\"");
  return response;
}

TokenEndpoint::Outcome TokenEndpoint::answer(const http::ServerRequest& request) const {
  if (!is_form(request)) return Refusal{kNotAForm};
  const auto form = http::parse_form(request.body);
  if (!form) return Refusal{kNotAForm};
  if (has_repeated(*form)) return Refusal{kRepeated};
  const auto presented = read_presented_client(http::find_header(request.headers, "Authorization"), *form);
  if (const auto* error = std::get_if<OAuthError>(&presented))
    return Refusal{*error, error->code == "invalid_client" ? 401 : 400};
  auto client = authenticate(*std::get_if<PresentedClient>(&presented));
  if (const auto* refusal = std::get_if<Refusal>(&client)) return *refusal;
  return issue(*std::get_if<ClientMetadata>(&client), *form);
}

std::variant<ClientMetadata, TokenEndpoint::Refusal> TokenEndpoint::authenticate(
    const PresentedClient& presented) const {
  // The hash is made for unknown clients too, so that the answer takes about as long.
  const std::string hash = parts_.hasher.hash(presented.client_id, presented.secret.reveal());
  auto found = parts_.store.find_authenticable(presented.client_id);
  if (!found) {
    log_.error("cannot look up client", {{"error", found.error().message}});
    return Refusal{kServerError, 503};
  }
  // A disabled client gets the answer of an unknown one, whatever it presents.
  if (!*found || (*found)->disabled) return Refusal{kWrongClient, 401};
  Authenticable& client = **found;
  if (presented.method == AuthMethod::none && client.metadata.token_endpoint_auth_method == AuthMethod::none)
    return std::move(client.metadata);
  const auto match = std::ranges::find_if(
      client.secrets, [&](const SecretHash& secret) { return equal_hashes(secret.hash, hash); });
  if (match == client.secrets.end() || presented.method == AuthMethod::none)
    return Refusal{kWrongClient, 401};
  if (presented.method != client.metadata.token_endpoint_auth_method) return Refusal{kWrongMethod, 401};
  parts_.last_used.note(match->secret_id);
  return std::move(client.metadata);
}

TokenEndpoint::Outcome TokenEndpoint::issue(const ClientMetadata& client, const Form& form) const {
  const auto grant_type = form_value(form, "grant_type");
  if (grant_type.empty()) return Refusal{kNoGrant};
  if (grant_type != "client_credentials") return Refusal{kOtherGrant};
  if (!may_use(client, grant_type)) return Refusal{kGrantNotAllowed};
  const auto asked = form_value(form, "scope");
  const auto scope = granted_scope(client, asked.empty() ? std::nullopt : std::optional(asked));
  if (!scope) return Refusal{kWrongScope};

  const Grant grant{.issuer = issuer_,
                    .token_id = random_id(),
                    .issued_at = parts_.clock.wall_now(),
                    .lifetime = client.access_token_lifetime.value_or(kDefaultTokenLifetime),
                    .scope = *scope};
  const auto token = parts_.signer.sign(access_token_claims(client, grant));
  if (!token) {
    log_.error("cannot sign token", {{"error", token.error().message}});
    return Refusal{kServerError, 500};
  }
  log_.debug("token issued", {{"client_id", client.client_id}, {"token_id", grant.token_id}});
  Json body{{"access_token", *token}, {"token_type", "Bearer"}, {"expires_in", grant.lifetime.count()}};
  if (!grant.scope.empty()) body["scope"] = grant.scope;
  return json_response(200, body);
}

}  // namespace apiclient::registry
