#include "runtime/rate_limiter.h"

#include <gtest/gtest.h>

namespace apiclient::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

const kube::ObjectKey kWeb{.namespace_name = "team-a", .name = "web"};
const kube::ObjectKey kBatch{.namespace_name = "team-a", .name = "batch"};

TEST(RateLimiter, DelayOfOneKeyDoublesUpToTheCapAndNeverOverflows) {
  RateLimiter limiter({.initial = milliseconds(50), .cap = minutes(5)});
  for (const int expected : {50, 100, 200, 400, 800}) EXPECT_EQ(limiter.next(kWeb), milliseconds(expected));
  for (int failure = 0; failure < 2'000; ++failure) {
    const auto delay = limiter.next(kWeb);
    ASSERT_GT(delay, milliseconds(800));
    ASSERT_LE(delay, minutes(5));
  }
  EXPECT_EQ(limiter.next(kWeb), minutes(5));
}

TEST(RateLimiter, KeysAreCountedApart) {
  RateLimiter limiter({.initial = milliseconds(50), .cap = minutes(5)});
  limiter.next(kWeb);
  limiter.next(kWeb);
  EXPECT_EQ(limiter.next(kBatch), milliseconds(50));
}

TEST(RateLimiter, ForgottenKeyStartsAnew) {
  RateLimiter limiter({.initial = milliseconds(50), .cap = minutes(5)});
  limiter.next(kWeb);
  limiter.next(kWeb);
  limiter.forget(kWeb);
  EXPECT_EQ(limiter.next(kWeb), milliseconds(50));
}

TEST(RateLimiter, DefaultAddsJitterOfAtMostAFifth) {
  RateLimiter limiter;
  for (int round = 0; round < 200; ++round) {
    const auto delay = limiter.next(kWeb);
    limiter.forget(kWeb);
    ASSERT_GE(delay, milliseconds(50));
    ASSERT_LE(delay, milliseconds(60));
  }
}

}  // namespace
}  // namespace apiclient::runtime
