#pragma once
// At most so many requests at once. Thread-safe.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace apiclient::http {

class RequestLimit {
 public:
  explicit RequestLimit(std::size_t most) : free_(most) {}

  /// Gives its place back when it goes.
  class Place {
   public:
    explicit Place(RequestLimit& limit) : limit_(&limit) {}
    Place(Place&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    RequestLimit* limit_;
  };

  /// Waits for a place. Errors: cancelled, timeout; nothing was sent in either case.
  Result<Place> acquire(std::stop_token stop, BootTime deadline);

 private:
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::size_t free_;
};

}  // namespace apiclient::http
