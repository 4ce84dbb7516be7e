#include "registry/assertion_verifier.h"

#include <gtest/gtest.h>

#include "unit/registry/client_key.h"
#include "unit/registry/public_world.h"

namespace apiclient::registry::test {
namespace {

using namespace std::chrono_literals;
using Verdict = AssertionVerifier::Verdict;

struct VerifierWorld : PublicWorld {
  ClientKey key = ClientKey::p256();
  int fetches = 0;
  int number = 0;

  [[nodiscard]] ClientMetadata client(bool by_uri = false) const {
    ClientMetadata metadata = a_machine("a");
    metadata.token_endpoint_auth_method = AuthMethod::private_key_jwt;
    (by_uri ? metadata.jwks_uri : metadata.jwks) =
        by_uri ? "https://a.example.com/keys" : key_set_of({key.jwk("k")});
    return metadata;
  }
  void serve(const std::string& set) {
    fetch = [this, set](const std::string&) {
      ++fetches;
      return Result<std::string>(set);
    };
  }
  /// A new one each time, with `changed` members.
  std::string assertion(const ClientKey& signer, const Json& changed = Json::object(),
                        const std::string& kid = "k") {
    const auto now = std::chrono::system_clock::to_time_t(clock.wall_now());
    Json claims{{"iss", "a"},
                {"sub", "a"},
                {"aud", kIssuer},
                {"exp", now + 60},
                {"jti", "j-" + std::to_string(++number)}};
    claims.merge_patch(changed);
    return signer.sign({{"alg", "ES256"}, {"kid", kid}}, claims);
  }
  [[nodiscard]] Verdict verdict(const std::string& assertion, bool by_uri = false) const {
    return assertions.verify(client(by_uri), assertion);
  }
};

TEST(AssertionVerifier, WantsTheClientsKeyAndTheRightClaims) {
  VerifierWorld world;
  EXPECT_EQ(world.verdict(world.assertion(world.key)), Verdict::proven);
  EXPECT_EQ(world.verdict(world.assertion(ClientKey::p256())), Verdict::refused);
  EXPECT_EQ(world.verdict(world.assertion(world.key, {{"sub", "b"}})), Verdict::refused);
  EXPECT_EQ(world.verdict(world.assertion(world.key, {{"aud", "b"}})), Verdict::refused);
  EXPECT_EQ(world.verdict(world.assertion(world.key, {{"exp", 1}})), Verdict::refused);
  EXPECT_EQ(world.verdict(world.assertion(world.key, Json::object(), "other")), Verdict::refused);
  EXPECT_EQ(world.verdict("junk"), Verdict::refused);
}

TEST(AssertionVerifier, ReplayIsRefused) {
  VerifierWorld world;
  const auto assertion = world.assertion(world.key);
  EXPECT_EQ(world.verdict(assertion), Verdict::proven);
  EXPECT_EQ(world.verdict(assertion), Verdict::refused);
  world.clock.advance(89s);
  EXPECT_EQ(world.verdict(assertion), Verdict::refused);
  world.clock.advance(2s);
  EXPECT_EQ(world.verdict(assertion), Verdict::refused) << "expired by now";
}

TEST(AssertionVerifier, ForgedAssertionUsesUpNoId) {
  VerifierWorld world;
  EXPECT_EQ(world.verdict(world.assertion(ClientKey::p256(), {{"jti", "mine"}})), Verdict::refused);
  EXPECT_EQ(world.verdict(world.assertion(world.key, {{"jti", "mine"}})), Verdict::proven);
}

TEST(AssertionVerifier, KeysBehindAUriAreFetchedWhenNeeded) {
  VerifierWorld world;
  world.serve(key_set_of({world.key.jwk("k")}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.verdict(world.assertion(world.key), true), Verdict::proven);
  EXPECT_EQ(world.fetches, 1);
  const auto next = ClientKey::p256();
  world.serve(key_set_of({world.key.jwk("k"), next.jwk("k2")}));
  world.clock.advance(20s);
  EXPECT_EQ(world.verdict(world.assertion(next, Json::object(), "k2"), true), Verdict::proven)
      << "an unknown key id fetches the set again";
  EXPECT_EQ(world.fetches, 2);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(world.verdict(world.assertion(next, Json::object(), "invented"), true), Verdict::refused);
  EXPECT_EQ(world.fetches, 2);
}

TEST(AssertionVerifier, NothingIsFetchedForWrongClaims) {
  VerifierWorld world;
  world.serve(key_set_of({world.key.jwk("k")}));
  EXPECT_EQ(world.verdict(world.assertion(world.key, {{"exp", 1}}), true), Verdict::refused);
  EXPECT_EQ(world.fetches, 0);
}

TEST(AssertionVerifier, UnreachableKeysAreNoRefusal) {
  VerifierWorld world;
  EXPECT_EQ(world.verdict(world.assertion(world.key), true), Verdict::unknown);
}

}  // namespace
}  // namespace apiclient::registry::test
