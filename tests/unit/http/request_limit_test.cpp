#include "http/request_limit.h"

#include <gmock/gmock.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::RequestLimit;

BootTime soon() { return BootClock::now() + 20s; }

TEST(RequestLimit, APlaceGivenBackCanBeTakenAgain) {
  RequestLimit limit(1);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(limit.acquire({}, soon()), is_ok());
}

TEST(RequestLimit, NoMoreThanAllowedAtOnce) {
  RequestLimit limit(3);
  std::atomic<int> now = 0;
  std::atomic<bool> exceeded = false;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 200; ++j) {
          const auto place = limit.acquire({}, soon());
          ASSERT_THAT(place, is_ok());
          if (++now > 3) exceeded = true;
          std::this_thread::yield();
          --now;
        }
      });
    }
  }
  EXPECT_FALSE(exceeded);
}

TEST(RequestLimit, WaitingEndsByDeadlineAndByStop) {
  RequestLimit limit(1);
  const auto taken = limit.acquire({}, soon());
  EXPECT_THAT(limit.acquire({}, BootClock::now() + 5ms), has_error(ErrorKind::timeout));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_THAT(limit.acquire(stop.get_token(), soon()), has_error(ErrorKind::cancelled));
}

TEST(RequestLimit, AWaiterGetsThePlaceThatIsGivenBack) {
  RequestLimit limit(1);
  std::optional<RequestLimit::Place> place;
  place.emplace(std::move(*limit.acquire({}, soon())));
  std::jthread waiter([&] { EXPECT_THAT(limit.acquire({}, soon()), is_ok()); });
  place.reset();
}

}  // namespace
}  // namespace apiclient::test
