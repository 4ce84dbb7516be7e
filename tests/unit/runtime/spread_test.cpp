#include "runtime/spread.h"

#include <gtest/gtest.h>

namespace apiclient::runtime {
namespace {

using std::chrono::milliseconds;

TEST(SpreadDelay, KeepsTheRate) {
  EXPECT_EQ(spread_delay(0, 50, 0.0), milliseconds(0));
  EXPECT_EQ(spread_delay(1, 50, 0.0), milliseconds(20));
  EXPECT_EQ(spread_delay(500, 50, 0.0), milliseconds(10'000));
}

TEST(SpreadDelay, MovesEachWithinItsOwnSlot) {
  EXPECT_EQ(spread_delay(0, 50, 0.5), milliseconds(10));
  EXPECT_LT(spread_delay(7, 50, 0.99), spread_delay(8, 50, 0.0));
}

}  // namespace
}  // namespace apiclient::runtime
