#include "registry/token_endpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.h"

namespace apiclient::registry {
namespace {

constexpr OAuthError kNoGrant{"invalid_request", "grant_type is missing"};
constexpr OAuthError kOtherGrant{"unsupported_grant_type", "this server knows client_credentials only"};
constexpr OAuthError kGrantNotAllowed{"unauthorized_client", "the client may not use client_credentials"};
constexpr OAuthError kWrongScope{"invalid_scope", "the client has no such scope"};
constexpr OAuthError kWrongTarget{"invalid_target", "the client has no such audience"};
constexpr OAuthError kServerError{"server_error", "try again later"};

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
  const auto& refusal = *std::get_if<OAuthRefusal>(&outcome);
  parts_.metrics.token_request(refusal.error.code);
  log_.debug("token refused", {{"error", refusal.error.code}, {"remote", request.remote_address}});
  return refusal_response(refusal);
}

TokenEndpoint::Outcome TokenEndpoint::answer(const http::ServerRequest& request) const {
  const auto form = read_form(request, "resource");
  if (const auto* refusal = std::get_if<OAuthRefusal>(&form)) return *refusal;
  const auto client = parts_.authenticator.authenticate(request, *std::get_if<Form>(&form));
  if (const auto* refusal = std::get_if<OAuthRefusal>(&client)) return *refusal;
  return issue(*std::get_if<ClientMetadata>(&client), *std::get_if<Form>(&form));
}

TokenEndpoint::Outcome TokenEndpoint::issue(const ClientMetadata& client, const Form& form) const {
  const auto grant_type = form_value(form, "grant_type");
  if (grant_type.empty()) return OAuthRefusal{kNoGrant};
  if (grant_type != "client_credentials") return OAuthRefusal{kOtherGrant};
  if (!may_use(client, grant_type)) return OAuthRefusal{kGrantNotAllowed};
  const auto asked = form_value(form, "scope");
  const auto scope = granted_scope(client, asked.empty() ? std::nullopt : std::optional(asked));
  if (!scope) return OAuthRefusal{kWrongScope};
  const auto audience = granted_audience(client, issuer_, form_values(form, "resource"));
  if (!audience) return OAuthRefusal{kWrongTarget};

  const Grant grant{.issuer = issuer_,
                    .token_id = random_id(),
                    .issued_at = parts_.clock.wall_now(),
                    .lifetime = client.access_token_lifetime.value_or(kDefaultTokenLifetime),
                    .scope = *scope,
                    .audience = *audience};
  if (const auto noted = parts_.lifetimes.note(grant.lifetime); !noted) {
    log_.error("cannot note the lifetime of a token", {{"error", noted.error().message}});
    return OAuthRefusal{kServerError, 503};
  }
  const auto token = parts_.keys.sign(access_token_claims(client, grant));
  if (!token) {
    log_.error("cannot sign token", {{"error", token.error().message}});
    return OAuthRefusal{kServerError, 500};
  }
  log_.debug("token issued", {{"client_id", client.client_id}, {"token_id", grant.token_id}});
  Json body{{"access_token", *token}, {"token_type", "Bearer"}, {"expires_in", grant.lifetime.count()}};
  if (!grant.scope.empty()) body["scope"] = grant.scope;
  return oauth_response(200, body);
}

}  // namespace apiclient::registry
