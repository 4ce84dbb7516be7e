#include "registry/secret_hasher.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace apiclient::registry {
namespace {

TEST(SecretHasher, IsHmacSha256OverIdAndValue) {
  // Computed with an independent implementation: HMAC-SHA256(key = 32 × 'k', "client\0value").
  const SecretHasher hasher{Secret(std::string(32, 'k'))};
  EXPECT_EQ(hex_encode(hasher.hash("client", "value")),
            "5b2b16647e669b5925c32856141993efcb760cd9b3004768dea4c8cd311d7884");
}

TEST(SecretHasher, DependsOnKeyClientAndValue) {
  const SecretHasher hasher{Secret(std::string(32, 'k'))};
  const SecretHasher other{Secret(std::string(32, 'j'))};
  const auto hash = hasher.hash("client", "value");
  EXPECT_EQ(hash, hasher.hash("client", "value"));
  EXPECT_NE(hash, other.hash("client", "value"));
  EXPECT_NE(hash, hasher.hash("client2", "value"));
  EXPECT_NE(hash, hasher.hash("client", "value2"));
  EXPECT_NE(hasher.hash("ab", "c"), hasher.hash("a", "bc"));
}

TEST(SecretHasher, ComparesWholeHashes) {
  EXPECT_TRUE(equal_hashes("abc", "abc"));
  EXPECT_FALSE(equal_hashes("abc", "abd"));
  EXPECT_FALSE(equal_hashes("abc", "abcd"));
  EXPECT_TRUE(equal_hashes("", ""));
}

}  // namespace
}  // namespace apiclient::registry
