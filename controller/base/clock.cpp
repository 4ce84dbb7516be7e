#include "base/clock.h"

#include <ctime>

namespace apiclient {

BootTime BootClock::now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return BootTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

BootTime SystemClock::now() const { return BootClock::now(); }
WallTime SystemClock::wall_now() const { return std::chrono::system_clock::now(); }

}  // namespace apiclient
