#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace apiclient {
namespace {

TEST(RandomSecret, Is43UrlSafeCharactersThatDiffer) {
  std::set<std::string> seen;
  std::set<char> letters;
  for (int i = 0; i < 1000; ++i) {
    const Secret secret = random_secret();
    ASSERT_EQ(secret.size(), 43U);
    const std::string text(secret.reveal());
    ASSERT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    ASSERT_TRUE(seen.insert(text).second);
    letters.insert(text.begin(), text.end());
  }
  EXPECT_EQ(letters.size(), 64U);
}

TEST(RandomId, Is32HexDigitsThatDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = random_id();
    ASSERT_EQ(id.size(), 32U);
    ASSERT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    ASSERT_TRUE(seen.insert(id).second);
  }
}

TEST(RandomUnit, IsSpreadOverTheUnitInterval) {
  double least = 1.0;
  double most = 0.0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = random_unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_LT(least, 0.01);
  EXPECT_GT(most, 0.99);
}

}  // namespace
}  // namespace apiclient
