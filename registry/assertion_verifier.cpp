#include "registry/assertion_verifier.h"

#include <algorithm>

#include "registry/client_assertion.h"

namespace apiclient::registry {
namespace {

bool is_signed_by_any(std::string_view assertion, const std::vector<std::string>& keys) {
  return std::ranges::any_of(keys, [&](const std::string& key) { return is_signed_by(assertion, key); });
}

}  // namespace

AssertionVerifier::Verdict AssertionVerifier::verify(const ClientMetadata& client,
                                                     std::string_view assertion) const {
  const auto jws = parse_jws(assertion);
  if (!jws) return Verdict::refused;
  // The claims first: no key is fetched for what would be refused anyway.
  const auto claims = check_assertion(
      jws->payload, {.client_id = client.client_id, .audiences = audiences_, .now = parts_.clock.wall_now()});
  if (!claims) {
    log_.debug("assertion refused", {{"client_id", client.client_id}, {"error", claims.error().message}});
    return Verdict::refused;
  }
  const auto is_genuine = is_signed(client, assertion, jws->header);
  if (!is_genuine) {
    log_.warning("cannot read the client's keys",
                 {{"client_id", client.client_id}, {"error", is_genuine.error().message}});
    return Verdict::unknown;
  }
  if (!*is_genuine) return Verdict::refused;
  const auto first_use = parts_.used.use(client.client_id, claims->token_id, claims->expires_at);
  if (!first_use) {
    log_.error("cannot note the use of an assertion", {{"error", first_use.error().message}});
    return Verdict::unknown;
  }
  return *first_use ? Verdict::proven : Verdict::refused;
}

Result<bool> AssertionVerifier::is_signed(const ClientMetadata& client, std::string_view assertion,
                                          const JwsHeader& header) const {
  if (client.jwks_uri.empty()) return is_signed_by_any(assertion, keys_for(header, client.jwks));
  ASSIGN_OR_RETURN(const KeySet known, parts_.key_sets.get(client.jwks_uri));
  auto keys = keys_for(header, known.text);
  if (keys.empty()) {  // perhaps a new key
    ASSIGN_OR_RETURN(const KeySet fresh, parts_.key_sets.get(client.jwks_uri, known.fetched_at));
    keys = keys_for(header, fresh.text);
  }
  return is_signed_by_any(assertion, keys);
}

}  // namespace apiclient::registry
