#include "registry/token_signer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "unit/registry/jwt_verifier.h"

namespace apiclient::registry::test {
namespace {

std::unique_ptr<TokenSigner> a_signer() { return TokenSigner::make(make_signing_key().value()).value(); }

Json published_key(const TokenSigner& signer) { return Json::parse(signer.key_set()).at("keys").at(0); }

TEST(TokenSigner, TokenVerifiesWithThePublishedKey) {
  const auto signer = a_signer();
  const auto jwt = split_jwt(signer->sign({{"sub", "a"}}).value());
  ASSERT_TRUE(jwt);
  EXPECT_TRUE(verifies(*jwt, published_key(*signer)));
  EXPECT_EQ(jwt->claims, Json({{"sub", "a"}}));
  EXPECT_EQ(jwt->header, Json({{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", signer->key_id()}}));
}

TEST(TokenSigner, ChangedTokenOrAnotherKeyDoesNotVerify) {
  const auto signer = a_signer();
  auto jwt = split_jwt(signer->sign({{"sub", "a"}}).value()).value();
  EXPECT_FALSE(verifies(jwt, published_key(*a_signer())));
  jwt.signed_part.back() = jwt.signed_part.back() == 'A' ? 'B' : 'A';
  EXPECT_FALSE(verifies(jwt, published_key(*signer)));
}

TEST(TokenSigner, KeySetIsPublicOnly) {
  const auto key = published_key(*a_signer());
  EXPECT_FALSE(key.contains("d"));
  EXPECT_EQ(key.at("kty"), "EC");
  EXPECT_EQ(key.at("crv"), "P-256");
  EXPECT_EQ(key.at("use"), "sig");
  EXPECT_EQ(key.at("alg"), "ES256");
}

// One number in 256 begins with a zero byte, which must not be cut off.
TEST(TokenSigner, NumbersKeepTheirLeadingZeros) {
  const auto signer = a_signer();
  const auto key = published_key(*signer);
  for (int i = 0; i < 800; ++i) {
    const auto jwt = split_jwt(signer->sign({{"n", i}}).value());
    ASSERT_EQ(jwt->signature.size(), 64U);
    ASSERT_TRUE(verifies(*jwt, key)) << i;
  }
  for (int i = 0; i < 800; ++i) {
    const auto jwk = Json::parse(make_signing_key().value().reveal());
    for (const auto* member : {"x", "y", "d"})
      ASSERT_EQ(base64url_decode(jwk.at(member).get<std::string>())->size(), 32U) << member;
  }
}

TEST(TokenSigner, KeyIdIsTheThumbprint) {
  const auto signer = a_signer();
  const auto key = published_key(*signer);
  const std::string members = R"({"crv":"P-256","kty":"EC","x":")" + key.at("x").get<std::string>() +
                              R"(","y":")" + key.at("y").get<std::string>() + "\"}";
  std::string digest(32, '\0');
  EVP_Digest(members.data(), members.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_sha256(), nullptr);
  EXPECT_EQ(signer->key_id(), base64url_encode(digest));
}

TEST(TokenSigner, SameKeyGivesTheSameId) {
  const auto key = make_signing_key().value();
  EXPECT_EQ(TokenSigner::make(key).value()->key_id(), TokenSigner::make(key).value()->key_id());
}

TEST(TokenSigner, KeysThatCannotSignAreRefused) {
  auto public_only = Json::parse(make_signing_key().value().reveal());
  public_only.erase("d");
  EXPECT_FALSE(TokenSigner::make(Secret(public_only.dump())));
  EXPECT_FALSE(TokenSigner::make(Secret("{}")));
  EXPECT_FALSE(TokenSigner::make(Secret("not JSON")));
  EXPECT_FALSE(TokenSigner::make(Secret(R"({"kty":"oct","k":"AAAA"})")));
}

TEST(TokenSigner, SignsOnSeveralThreads) {
  const auto signer = a_signer();
  const auto key = published_key(*signer);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(verifies(*split_jwt(signer->sign({{"n", i}}).value()), key));
    });
}

}  // namespace
}  // namespace apiclient::registry::test
