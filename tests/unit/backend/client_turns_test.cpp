#include "backend/client_turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "support/eventually.h"

namespace apiclient::backend {
namespace {

TEST(ClientTurns, OfOneClientFollowOneAnother) {
  ClientTurns turns;
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::jthread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&] {
      for (int time = 0; time < 200; ++time) {
        const auto turn = turns.take("one");
        most = std::max(most.load(), ++inside);
        std::this_thread::yield();
        --inside;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(most, 1);
}

TEST(ClientTurns, OfManyOthersAreTakenMeanwhile) {
  ClientTurns turns;
  std::vector<std::unique_ptr<ClientTurns::Turn>> taken;
  for (int number = 0; number < 1000; ++number) {
    taken.emplace_back(new ClientTurns::Turn(turns.take(std::to_string(number))));
  }
  EXPECT_EQ(taken.size(), 1000U);
}

TEST(ClientTurns, GoOnWhenOneIsGivenBack) {
  ClientTurns turns;
  std::atomic<bool> second = false;
  std::jthread waiting;
  {
    const auto first = turns.take("one");
    waiting = std::jthread([&] {
      const auto turn = turns.take("one");
      second = true;
    });
    EXPECT_FALSE(test::eventually([&] { return second.load(); }, std::chrono::milliseconds(20)));
  }
  EXPECT_TRUE(test::eventually([&] { return second.load(); }));
}

}  // namespace
}  // namespace apiclient::backend
