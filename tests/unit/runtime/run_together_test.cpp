#include "runtime/run_together.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/guarded.h"
#include "support/eventually.h"
#include "support/matchers.h"

namespace apiclient::runtime {
namespace {

using test::eventually;

TEST(RunTogether, RunsEachNumberAtOnceAndReturnsWhenAllHaveEnded) {
  Guarded<std::set<std::size_t>> numbers;
  const auto ended = run_together("some", 3,
                                  [&](std::size_t number, const std::stop_token& /*stop*/) -> Result<void> {
                                    numbers.lock()->insert(number);
                                    EXPECT_TRUE(eventually([&] { return numbers.lock()->size() == 3; }));
                                    return {};
                                  },
                                  {});
  EXPECT_TRUE(ended);
  EXPECT_EQ(numbers.copy(), (std::set<std::size_t>{0, 1, 2}));
}

/// Waits for the stop; the one with number 1 does not.
template <typename Failure>
Result<void> all_but_one_wait(Failure failure, std::atomic<int>& stopped) {
  return run_together("some", 3,
                      [&](std::size_t number, const std::stop_token& stop) -> Result<void> {
                        if (number == 1) return failure();
                        if (eventually([&] { return stop.stop_requested(); })) ++stopped;
                        return {};
                      },
                      {});
}

TEST(RunTogether, TheFirstFailureEndsTheOthersAndIsReturned) {
  std::atomic<int> stopped = 0;
  const auto ended =
      all_but_one_wait([]() -> Result<void> { return fail(ErrorKind::unavailable, "broken"); }, stopped);
  EXPECT_THAT(ended, test::has_error(ErrorKind::unavailable));
  EXPECT_EQ(stopped, 2);
}

TEST(RunTogether, AnExceptionIsAFailure) {
  std::atomic<int> stopped = 0;
  const auto ended = all_but_one_wait([]() -> Result<void> { throw std::runtime_error("oh"); }, stopped);
  EXPECT_THAT(ended, test::has_error(ErrorKind::internal));
  EXPECT_EQ(stopped, 2);
}

TEST(RunTogether, EndsWhenStopped) {
  std::stop_source source;
  std::atomic<int> stopped = 0;
  std::jthread stopper([&] { source.request_stop(); });
  const auto ended = run_together(
      "some", 2,
      [&](std::size_t /*number*/, const std::stop_token& stop) -> Result<void> {
        if (eventually([&] { return stop.stop_requested(); })) ++stopped;
        return {};
      },
      source.get_token());
  EXPECT_TRUE(ended);
  EXPECT_EQ(stopped, 2);
}

}  // namespace
}  // namespace apiclient::runtime
