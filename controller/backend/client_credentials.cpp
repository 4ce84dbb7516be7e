#include "backend/client_credentials.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "backend/token_request.h"
#include "base/guarded.h"
#include "http/uri.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTimeout{4'000};
constexpr std::size_t kLongestAnswer = 256U << 10U;
/// Renewed so long before the end, but not before nine tenths of the life are over.
constexpr seconds kLongestMargin{60};
/// A life beyond that is not believed: a token that is refused is fetched anew anyway.
constexpr std::int64_t kLongestLifeSeconds = 24L * 60 * 60;

struct Token {
  Authorization authorization;
  BootTime renew_at = BootTime::max();
};

struct State {
  std::optional<Token> token = {};
  std::string origin = {};
  std::shared_ptr<http::Transport> transport = {};
};

std::string scope_parameter(const std::vector<std::string>& scopes) {
  std::string joined;
  for (const std::string& scope : scopes) joined.append(joined.empty() ? "" : " ").append(scope);
  return joined.empty() ? "" : "&scope=" + http::form_encode(joined);
}

/// No word of the body: only what kind of refusal it is.
Error refusal_of(const http::Response& response) {
  Error error{.kind = ErrorKind::protocol,
              .message = "HTTP " + std::to_string(response.status_code) + " instead of a token",
              .status_code = response.status_code};
  if (response.status_code >= 500) error.kind = ErrorKind::unavailable;
  if (response.status_code == 429) error.kind = ErrorKind::throttled;
  const bool refused = response.status_code == 400 || response.status_code == 401;
  if (refused) {
    error.kind = ErrorKind::unauthorized;
    error.message = "the token endpoint refuses the operator's client (HTTP " +
                    std::to_string(response.status_code) + ")";
  }
  const auto asked = http::retry_after_of(response);
  if (error.kind != ErrorKind::unauthorized && asked.count() > 0) error.retry_after = asked;
  return error;
}

Result<Token> read_token(const http::Response& response, BootTime now) {
  if (response.status_code != 200) return fail(refusal_of(response));
  auto document = json::parse(response.body, {.max_bytes = kLongestAnswer, .max_depth = 16});
  if (!document) return fail(ErrorKind::protocol, "the token endpoint's answer is not JSON");
  json::Problems problems;
  const json::Reader reader(*document, problems);
  std::string value = reader.optional_text("access_token").value_or("");
  const auto life = reader.optional_integer("expires_in");
  auto fixed = make_fixed_authenticator(BearerAuth{.token = std::make_shared<const Secret>(value)});
  wipe(value);
  if (!fixed) return fail(ErrorKind::protocol, "the token endpoint's answer holds no usable access_token");
  ASSIGN_OR_RETURN(Authorization authorization, (*fixed)->authorize({}));
  Token token{.authorization = std::move(authorization)};
  if (life) {
    const milliseconds length = seconds(std::clamp<std::int64_t>(*life, 0, kLongestLifeSeconds));
    token.renew_at = now + length - std::min<milliseconds>(kLongestMargin, length / 10);
  }
  return token;
}

class ClientCredentials final : public Authenticator {
 public:
  ClientCredentials(ClientCredentialsAuth auth, ClientCredentialsParts parts)
      : auth_(std::move(auth)), parts_(std::move(parts)) {}

  Result<Authorization> authorize(const std::stop_token& stop) override {
    auto state = state_.lock();
    if (state->token && parts_.clock.now() < state->token->renew_at) return state->token->authorization;
    auto token = fetch(*state, stop);
    if (!token) return fail(std::move(token).error().in("log in to the registry"));
    state->token = std::move(*token);
    return state->token->authorization;
  }

  bool refused(const Authorization& used) override {
    auto state = state_.lock();
    // Another thread may have a fresh one already.
    if (state->token && state->token->authorization.header == used.header) state->token.reset();
    return true;
  }

 private:
  Result<Token> fetch(State& state, const std::stop_token& stop) {
    std::string url = auth_.token_url;
    if (url.empty()) {
      ASSIGN_OR_RETURN(url, parts_.discovery.token_endpoint(stop));
    }
    ASSIGN_OR_RETURN(const http::UriParts uri, http::split_uri(url));
    RETURN_IF_ERROR(connect(state, url));
    const ClientSettings as_client{.client_id = auth_.client_id,
                                   .grant_types = {"client_credentials"},
                                   .token_endpoint_auth_method = "client_secret_basic"};
    ASSIGN_OR_RETURN(http::Request request,
                     make_token_request(as_client, *auth_.client_secret, uri.path.empty() ? "/" : uri.path));
    request.body += scope_parameter(auth_.scopes);
    request.timeout = kTimeout;
    const BootTime asked_at = parts_.clock.now();
    auto response = state.transport->send(request, stop);
    wipe_token_request(request);
    if (!response) return failure_of(std::move(response));
    auto token = read_token(*response, asked_at);
    wipe(response->body);
    return token;
  }

  Result<void> connect(State& state, const std::string& url) {
    ASSIGN_OR_RETURN(std::string origin, origin_of(url));
    if (state.origin == origin) return {};
    ASSIGN_OR_RETURN(std::unique_ptr<http::Transport> made, parts_.make_transport(origin));
    state.origin = std::move(origin);
    state.transport = std::move(made);
    return {};
  }

  const ClientCredentialsAuth auth_;
  const ClientCredentialsParts parts_;
  Guarded<State> state_;
};

}  // namespace

Result<std::unique_ptr<Authenticator>> make_client_credentials(ClientCredentialsAuth auth,
                                                               ClientCredentialsParts parts) {
  if (auth.client_id.empty() || !auth.client_secret || auth.client_secret->empty()) {
    return fail(ErrorKind::invalid, "the client id or secret for the registry is empty");
  }
  return std::make_unique<ClientCredentials>(std::move(auth), std::move(parts));
}

}  // namespace apiclient::backend
