#pragma once
// A clock that moves only when a test says so. Thread-safe. Code that waits takes real time for its waits, so
// give it short periods and delays: it looks at this clock again after each.

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace apiclient::test {

class FakeClock final : public Clock {
 public:
  [[nodiscard]] BootTime now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return wall_now_; }

  /// Time passes, in both kinds of time.
  void advance(std::chrono::nanoseconds duration) {
    now_ = now_.load() + duration;
    wall_now_ = wall_now_.load() + std::chrono::duration_cast<WallTime::duration>(duration);
  }
  void set_now(BootTime now) { now_ = now; }
  /// As when somebody sets the date: time since boot is not affected.
  void set_wall_now(WallTime now) { wall_now_ = now; }

 private:
  std::atomic<BootTime> now_{BootTime(std::chrono::hours(1))};
  /// 2026-01-02T03:04:05Z.
  std::atomic<WallTime> wall_now_{WallTime(std::chrono::seconds(1767323045))};
};

}  // namespace apiclient::test
