#include "backend/authenticator.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/overloaded.h"

namespace apiclient::backend {
namespace {

class FixedAuthenticator final : public Authenticator {
 public:
  explicit FixedAuthenticator(Authorization authorization) : authorization_(std::move(authorization)) {}

  Result<Authorization> authorize(const std::stop_token& /*stop*/) override { return authorization_; }
  bool refused(const Authorization& /*used*/) override { return false; }

 private:
  const Authorization authorization_;
};

/// What a header can carry (RFC 9110 §5.5), without spaces.
bool is_visible(char letter) { return letter > 0x20 && letter < 0x7f; }
bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; }

/// Files often end with a line break that nobody meant to be part of the secret.
std::string_view without_line_break(const SharedSecret& secret) {
  std::string_view text = secret ? secret->reveal() : std::string_view();
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Result<Authorization> authorization_of(const BearerAuth& auth) {
  const std::string_view token = without_line_break(auth.token);
  if (token.empty()) return fail(ErrorKind::invalid, "the registry's bearer token is empty");
  if (!std::ranges::all_of(token, is_visible)) {
    return fail(ErrorKind::invalid, "the registry's bearer token holds characters that no header can carry");
  }
  std::string header;
  header.reserve(std::string_view("Bearer ").size() + token.size());
  header.append("Bearer ").append(token);
  Authorization authorization{.header = std::make_shared<const Secret>(header),
                              .secrets = {std::make_shared<const Secret>(token)}};
  wipe(header);
  return authorization;
}

Result<Authorization> authorization_of(const BasicAuth& auth) {
  const std::string_view password = without_line_break(auth.password);
  if (auth.username.empty() || password.empty()) {
    return fail(ErrorKind::invalid, "the registry's user name or password is empty");
  }
  const bool bad_name = auth.username.find(':') != std::string::npos;
  if (bad_name || std::ranges::any_of(auth.username, is_control) ||
      std::ranges::any_of(password, is_control)) {
    return fail(ErrorKind::invalid,
                "the registry's user name holds \":\", or it or the password holds control characters");
  }
  std::string pair;
  pair.reserve(auth.username.size() + 1 + password.size());
  pair.append(auth.username).append(":").append(password);
  std::string encoded = base64_encode(pair);
  std::string header;
  header.reserve(std::string_view("Basic ").size() + encoded.size());
  header.append("Basic ").append(encoded);
  Authorization authorization{
      .header = std::make_shared<const Secret>(header),
      .secrets = {std::make_shared<const Secret>(password), std::make_shared<const Secret>(encoded)}};
  wipe(pair);
  wipe(encoded);
  wipe(header);
  return authorization;
}

}  // namespace

Result<std::unique_ptr<Authenticator>> make_fixed_authenticator(const RegistryAuth& auth) {
  auto authorization = std::visit(
      overloaded{[](const NoAuth&) -> Result<Authorization> { return Authorization{}; },
                 [](const BearerAuth& bearer) { return authorization_of(bearer); },
                 [](const BasicAuth& basic) { return authorization_of(basic); },
                 [](const ClientCredentialsAuth&) -> Result<Authorization> {
                   return fail(ErrorKind::internal, "a token has to be fetched for client credentials");
                 }},
      auth);
  if (!authorization) return failure_of(std::move(authorization));
  return std::make_unique<FixedAuthenticator>(std::move(*authorization));
}

}  // namespace apiclient::backend
