#pragma once
// Waits for a condition with a deadline: EXPECT_TRUE(eventually([&] { return queue.idle(); })).

#include <chrono>
#include <functional>
#include <thread>

namespace apiclient::test {

inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds deadline = std::chrono::seconds(10)) {
  const auto give_up_at = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= give_up_at) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace apiclient::test
