#pragma once
// Waits that a stop request ends at once.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace apiclient::runtime {

inline void pause(std::chrono::nanoseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

inline void wait_for_stop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
}

}  // namespace apiclient::runtime
