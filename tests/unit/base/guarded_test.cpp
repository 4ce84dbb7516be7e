#include "base/guarded.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace apiclient {
namespace {

TEST(Guarded, ManyThreadsChangeOneValueWithoutLosingAChange) {
  Guarded<int> counter(0);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 10'000; ++j) ++*counter.lock();
      });
    }
  }
  EXPECT_EQ(counter.copy(), 40'000);
}

TEST(Guarded, AConditionCanWaitOnTheValue) {
  Guarded<bool> ready(false);
  std::condition_variable changed;
  std::jthread other([&] {
    *ready.lock() = true;
    changed.notify_one();
  });
  auto lock = ready.lock();
  changed.wait(lock.handle(), [&] { return *lock; });
  EXPECT_TRUE(*lock);
}

}  // namespace
}  // namespace apiclient
