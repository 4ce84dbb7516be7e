#pragma once
// A store and what the public endpoints share. The key sets of clients come from `fetch`.

#include <functional>
#include <string>

#include "registry/assertion_verifier.h"
#include "registry/client_authenticator.h"
#include "registry/signing_keys.h"
#include "unit/registry/store_world.h"

namespace apiclient::registry::test {

constexpr const char* kIssuer = "https://issuer.example.com";

struct PublicWorld : StoreWorld {
  explicit PublicWorld(FailedAttemptLimits limits = {})
      : authenticator({store, hasher, last_used, assertions, metrics, clock}, limits) {}

  std::function<Result<std::string>(const std::string&)> fetch = [](const std::string&) {
    return Result<std::string>(fail(ErrorKind::unavailable, "no server"));
  };
  RegistryMetrics metrics;
  KeySetCache key_sets{[this](const std::string& uri) { return fetch(uri); }, clock};
  UsedAssertions used{*database, hasher, clock};
  AssertionVerifier assertions{{key_sets, used, clock}, {kIssuer, std::string(kIssuer) + "/oauth2/token"}};
  LastUsedRecorder last_used{
      store, clock, {.spacing = std::chrono::seconds(60), .gather = std::chrono::milliseconds(0)}};
  ClientAuthenticator authenticator;
  std::string key_file = folder.file("keys.json");
  Keys keys = load_keys(key_file, true).value();
  std::unique_ptr<TokenLifetimes> lifetimes = TokenLifetimes::load(*database).value();
  std::unique_ptr<SigningKeys> signing_keys =
      SigningKeys::load(key_file, keys.hash_key, *lifetimes, clock).value();
};

}  // namespace apiclient::registry::test
