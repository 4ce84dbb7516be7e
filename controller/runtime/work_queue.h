#pragma once
// Backlog + lock + wait. Thread-safe.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>

#include "runtime/backlog.h"

namespace apiclient::runtime {

class WorkQueue {
 public:
  explicit WorkQueue(const Clock& clock);

  void add(const Key& key, Priority priority = Priority::normal);
  void add_after(const Key& key, std::chrono::milliseconds delay, Priority priority = Priority::normal);
  /// Blocks until a key is due; empty when stop is requested.
  std::optional<Key> take(const std::stop_token& stop);
  void done(const Key& key);
  /// Keys due now (the depth that people alert on).
  [[nodiscard]] std::size_t depth() const;
  /// How often a key that did not wait yet was added.
  [[nodiscard]] std::uint64_t adds() const;
  /// How long a key that has just been taken was due before.
  [[nodiscard]] std::chrono::nanoseconds waited(const Key& key) const;
  /// Nothing due and nothing being worked on.
  [[nodiscard]] bool idle() const;

 private:
  /// Changes the backlog, and wakes the waiters when a key is due earlier than they know.
  template <typename Change>
  void apply(Change&& change);
  /// Waits until `next_ready` is another one than `known`, that time has come, or stop.
  void wait_beyond(std::unique_lock<std::mutex>& lock, std::optional<BootTime> known,
                   const std::stop_token& stop);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Backlog backlog_;
};

}  // namespace apiclient::runtime
