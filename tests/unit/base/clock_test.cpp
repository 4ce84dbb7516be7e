#include "base/clock.h"

#include <gtest/gtest.h>

namespace apiclient {
namespace {

TEST(SystemClock, BootTimeNeverGoesBack) {
  const SystemClock clock;
  BootTime last = clock.now();
  for (int i = 0; i < 1000; ++i) {
    const BootTime now = clock.now();
    ASSERT_LE(last, now);
    last = now;
  }
}

TEST(SystemClock, WallTimeIsTheSystems) {
  const auto before = std::chrono::system_clock::now();
  const WallTime now = SystemClock().wall_now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

}  // namespace
}  // namespace apiclient
