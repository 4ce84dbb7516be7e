#pragma once
// Time, injectable. Thread-safe.

#include <chrono>

namespace apiclient {

/// Wall-clock time, for anything that is written down (RFC 3339).
using WallTime = std::chrono::system_clock::time_point;
/// Time since boot, suspend included (CLOCK_BOOTTIME): for leases, deadlines and back-off. Comparable only
/// within one process.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  static time_point now();
};
using BootTime = BootClock::time_point;

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual BootTime now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] BootTime now() const override;
  [[nodiscard]] WallTime wall_now() const override;
};

}  // namespace apiclient
