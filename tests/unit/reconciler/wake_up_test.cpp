#include "reconciler/wake_up.h"

#include <gtest/gtest.h>

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;

const WallTime kNow{std::chrono::hours(1)};

TEST(WakeUp, SleepsUntilTheTimeButNeverLong) {
  EXPECT_EQ(sleep_until(std::nullopt, kNow), std::nullopt);
  EXPECT_EQ(sleep_until(kNow + 10s, kNow), 10s);
  EXPECT_EQ(sleep_until(kNow + 1us, kNow), 1ms) << "not before it";
  EXPECT_EQ(sleep_until(kNow + 24h, kNow), 5min);
  EXPECT_EQ(sleep_until(kNow - 24h, kNow), 1ms) << "never in a tight loop";
}

TEST(WakeUp, AsksForItsTurnEveryOtherSecond) {
  for (int time = 0; time < 100; ++time) {
    EXPECT_GE(turn_pause(), 1s);
    EXPECT_LE(turn_pause(), 2s);
  }
}

TEST(WakeUp, JitterIsATenth) {
  for (int time = 0; time < 100; ++time) {
    EXPECT_GE(jittered(100s), 90s);
    EXPECT_LE(jittered(100s), 110s);
  }
}

TEST(WakeUp, TheShorterCounts) {
  EXPECT_EQ(sooner(1s, 2s), 1s);
  EXPECT_EQ(sooner(2s, 1s), 1s);
  EXPECT_EQ(sooner(std::nullopt, 2s), 2s);
  EXPECT_EQ(sooner(2s, std::nullopt), 2s);
  EXPECT_EQ(sooner(std::nullopt, std::nullopt), std::nullopt);
}

TEST(WakeUp, WithoutATimeAChangeIsAwaited) {
  EXPECT_EQ(wake_in(std::nullopt).after, std::nullopt);
  EXPECT_EQ(wake_in(3s).after, 3s);
}

}  // namespace
}  // namespace apiclient::reconciler
