#include "backend/rate_limiter.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "support/matchers.h"

namespace apiclient::backend {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const BootTime kStart{std::chrono::hours(1)};

struct RateRow {
  std::string name;
  RateLimit limit;
  std::vector<milliseconds> at;     ///< of the requests, since the start
  std::vector<milliseconds> waits;  ///< of each
};
class RateTable : public ::testing::TestWithParam<RateRow> {};

TEST_P(RateTable, SpreadsRequests) {
  RateLimiter limiter(GetParam().limit);
  std::vector<milliseconds> waits;
  for (const auto at : GetParam().at) {
    const auto wait = limiter.reserve(kStart + at, 1h);
    ASSERT_TRUE(wait);
    waits.push_back(std::chrono::duration_cast<milliseconds>(*wait));
  }
  EXPECT_THAT(waits, ::testing::ElementsAreArray(GetParam().waits));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RateTable,
    ::testing::Values(
        RateRow{"NoLimit", {}, {0ms, 0ms, 0ms, 0ms}, {0ms, 0ms, 0ms, 0ms}},
        RateRow{"OneByOne", {.requests_per_second = 10, .burst = 1}, {0ms, 0ms, 0ms}, {0ms, 100ms, 200ms}},
        RateRow{"Burst",
                {.requests_per_second = 10, .burst = 3},
                {0ms, 0ms, 0ms, 0ms, 0ms},
                {0ms, 0ms, 0ms, 100ms, 200ms}},
        RateRow{"BurstOfASecondUnlessGiven", {.requests_per_second = 2}, {0ms, 0ms, 0ms}, {0ms, 0ms, 500ms}},
        RateRow{"SlowCallersNeverWait",
                {.requests_per_second = 10, .burst = 1},
                {0ms, 100ms, 250ms},
                {0ms, 0ms, 0ms}},
        RateRow{"QuietTimeIsNotSavedBeyondTheBurst",
                {.requests_per_second = 10, .burst = 2},
                {0ms, 60'000ms, 60'000ms, 60'000ms},
                {0ms, 0ms, 0ms, 100ms}}),
    test::RowName());

TEST(RateLimiter, ATooLongWaitTakesNoPlace) {
  RateLimiter limiter({.requests_per_second = 1, .burst = 1});
  ASSERT_TRUE(limiter.reserve(kStart, 1s));
  ASSERT_TRUE(limiter.reserve(kStart, 1s));
  EXPECT_FALSE(limiter.reserve(kStart, 1s));
  EXPECT_EQ(limiter.wait_for_place(kStart), 2s);
  EXPECT_EQ(limiter.reserve(kStart + 1s, 1s), std::optional(std::chrono::nanoseconds(1s)))
      << "the refused one is not in the line";
}

}  // namespace
}  // namespace apiclient::backend
