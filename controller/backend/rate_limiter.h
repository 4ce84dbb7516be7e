#pragma once
// How often a registry may be asked. Pure: no clock, lock or thread; time is an argument.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace apiclient::backend {

/// spec.rateLimit of a registry.
struct RateLimit {
  std::int64_t requests_per_second = 0;  ///< on average; 0: as many as there are
  std::int64_t burst = 0;                ///< at once after a quiet time; 0: as many as in a second
  std::size_t max_in_flight = 16;

  bool operator==(const RateLimit&) const = default;
};

/// Requests at regular distances, with a store of unused ones (the generic cell rate algorithm).
class RateLimiter {
 public:
  explicit RateLimiter(const RateLimit& limit);

  /// Takes the next place and says how long to wait for it from `now`. Empty, and no place is taken, when
  /// that would be longer than `longest`; `wait_for_place` then says how long.
  std::optional<std::chrono::nanoseconds> reserve(BootTime now, std::chrono::nanoseconds longest);
  [[nodiscard]] std::chrono::nanoseconds wait_for_place(BootTime now) const;

 private:
  std::chrono::nanoseconds distance_{0};  ///< between requests; 0: no limit
  std::chrono::nanoseconds ahead_{0};     ///< how far before its regular time a request may come
  BootTime next_;                         ///< regular time of the next request
};

}  // namespace apiclient::backend
