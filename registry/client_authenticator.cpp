#include "registry/client_authenticator.h"

#include <algorithm>
#include <utility>

namespace apiclient::registry {
namespace {

constexpr OAuthError kWrongClient{"invalid_client", "client authentication failed"};
constexpr OAuthError kWrongMethod{"invalid_client",
                                  "the client is registered for another authentication method"};
constexpr OAuthError kTooOften{"temporarily_unavailable", "too many failed attempts; try again later"};
constexpr OAuthError kServerError{"server_error", "try again later"};
constexpr std::chrono::seconds kRetrySoon{5};

}  // namespace

std::variant<ClientMetadata, OAuthRefusal> ClientAuthenticator::authenticate(
    const http::ServerRequest& request, const Form& form) {
  const auto presented = read_presented_client(http::find_header(request.headers, "Authorization"), form);
  if (const auto* error = std::get_if<OAuthError>(&presented))
    return OAuthRefusal{*error, error->code == "invalid_client" ? 401 : 400};
  const auto& client = *std::get_if<PresentedClient>(&presented);
  Verdict verdict = judge(client);
  if (auto* metadata = std::get_if<ClientMetadata>(&verdict)) return std::move(*metadata);
  if (const auto* refusal = std::get_if<OAuthRefusal>(&verdict)) return *refusal;
  return refuse_wrong(client, request.remote_address);
}

ClientAuthenticator::Verdict ClientAuthenticator::judge(const PresentedClient& presented) {
  // The hash is made for unknown clients too, so that the answer takes about as long.
  const std::string hash = parts_.hasher.hash(presented.client_id, presented.secret.reveal());
  auto found = parts_.store.find_authenticable(presented.client_id);
  if (!found) {
    log_.error("cannot look up client", {{"error", found.error().message}});
    return OAuthRefusal{kServerError, 503};
  }
  // A disabled client gets the answer of an unknown one, whatever it presents.
  if (!*found || (*found)->disabled) return WrongCredentials{};
  if (presented.method == AuthMethod::private_key_jwt) return judge_assertion(presented, **std::move(found));
  return judge_secret(presented, **std::move(found), hash);
}

ClientAuthenticator::Verdict ClientAuthenticator::judge_secret(const PresentedClient& presented,
                                                               Authenticable client,
                                                               const std::string& hash) {
  if (presented.method == AuthMethod::none && client.metadata.token_endpoint_auth_method == AuthMethod::none)
    return std::move(client.metadata);
  const auto match = std::ranges::find_if(
      client.secrets, [&](const SecretHash& secret) { return equal_hashes(secret.hash, hash); });
  if (match == client.secrets.end() || presented.method == AuthMethod::none) return WrongCredentials{};
  if (presented.method != client.metadata.token_endpoint_auth_method) return OAuthRefusal{kWrongMethod, 401};
  parts_.last_used.note(match->secret_id);
  return std::move(client.metadata);
}

ClientAuthenticator::Verdict ClientAuthenticator::judge_assertion(const PresentedClient& presented,
                                                                  Authenticable client) {
  if (client.metadata.token_endpoint_auth_method != AuthMethod::private_key_jwt) return WrongCredentials{};
  switch (parts_.assertions.verify(client.metadata, presented.secret.reveal())) {
    case AssertionVerifier::Verdict::proven: return std::move(client.metadata);
    case AssertionVerifier::Verdict::refused: return WrongCredentials{};
    case AssertionVerifier::Verdict::unknown: break;
  }
  return OAuthRefusal{kServerError, 503, kRetrySoon};
}

OAuthRefusal ClientAuthenticator::refuse_wrong(const PresentedClient& presented,
                                               const std::string& remote_address) {
  const auto wait = failed_attempts_.lock()->note(presented.client_id, remote_address, parts_.clock.now());
  parts_.metrics.failed_authentication(to_string(presented.method));
  if (!wait) return {kWrongClient, 401};
  parts_.metrics.throttled();
  return {kTooOften, 429, *wait};
}

}  // namespace apiclient::registry
