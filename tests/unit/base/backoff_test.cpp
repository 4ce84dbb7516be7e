#include "base/backoff.h"

#include <gmock/gmock.h>

#include <limits>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;

struct DelayCase {
  std::string name;
  Backoff backoff;
  int attempt;
  double random;
  std::chrono::milliseconds expected;
};
void PrintTo(const DelayCase& row, std::ostream* out) { *out << row.name; }

class BackoffDelay : public ::testing::TestWithParam<DelayCase> {};

TEST_P(BackoffDelay, GrowsToItsCap) {
  const auto& row = GetParam();
  EXPECT_EQ(row.backoff.delay(row.attempt, row.random), row.expected);
}

constexpr Backoff kPlain{.initial = 100ms, .cap = 1000ms};
constexpr Backoff kJittered{.initial = 100ms, .cap = 1000ms, .jitter = 0.5};

INSTANTIATE_TEST_SUITE_P(
    Rows, BackoffDelay,
    ::testing::Values(DelayCase{"First", kPlain, 0, 0, 100ms}, DelayCase{"Third", kPlain, 2, 0, 400ms},
                      DelayCase{"Capped", kPlain, 4, 0, 1000ms},
                      DelayCase{"NegativeAttemptIsTheFirst", kPlain, -5, 0, 100ms},
                      DelayCase{"HugeAttempt", kPlain, 1'000'000, 0, 1000ms},
                      DelayCase{"LargestAttempt", kPlain, std::numeric_limits<int>::max(), 0, 1000ms},
                      DelayCase{"LeastJitter", kJittered, 0, 0.0, 100ms},
                      DelayCase{"HalfJitter", kJittered, 0, 0.5, 125ms},
                      DelayCase{"JitterOnTopOfTheCap", kJittered, 9, 0.5, 1250ms},
                      DelayCase{"NoGrowth", Backoff{.initial = 100ms, .factor = 1.0}, 50, 0, 100ms}),
    RowName());

}  // namespace
}  // namespace apiclient::test
