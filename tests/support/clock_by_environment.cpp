// The clock of the controller's test build: APICLIENT_CLOCK_OFFSET_FILE names a file that says by how many
// seconds the wall clock is wrong, read anew at every look, so that a test can set the clock of a running
// process. Without the variable, the file or a number in it: as in the product (base/clock.cpp).
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "base/clock.h"

namespace apiclient {
namespace {

std::chrono::seconds offset() {
  static const char* const file = std::getenv("APICLIENT_CLOCK_OFFSET_FILE");
  std::chrono::seconds::rep seconds = 0;
  if (file != nullptr) std::ifstream(file) >> seconds;
  return std::chrono::seconds(seconds);
}

}  // namespace

BootTime BootClock::now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return BootTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

BootTime SystemClock::now() const { return BootClock::now(); }
WallTime SystemClock::wall_now() const { return std::chrono::system_clock::now() + offset(); }

}  // namespace apiclient
