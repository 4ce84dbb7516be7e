#pragma once
// Guarded<T>: a value welded to its mutex. The only way to the value is a lock object.

#include <condition_variable>
#include <mutex>
#include <utility>

namespace apiclient {

template <typename T>
class Guarded {
 public:
  class Lock {
   public:
    T* operator->() const { return &value_; }
    T& operator*() const { return value_; }
    /// For condition variables that wait on this value.
    std::unique_lock<std::mutex>& handle() { return lock_; }

   private:
    friend class Guarded;
    Lock(std::mutex& mutex, T& value) : lock_(mutex), value_(value) {}
    std::unique_lock<std::mutex> lock_;
    T& value_;
  };

  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  [[nodiscard]] Lock lock() { return Lock(mutex_, value_); }
  /// A copy, taken under the lock.
  [[nodiscard]] T copy() const {
    const std::scoped_lock lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace apiclient
