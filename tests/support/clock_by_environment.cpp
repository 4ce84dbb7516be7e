// The clock of the controller's test build: APICLIENT_CLOCK_OFFSET_FILE names a file that says by how many
// seconds the wall clock is wrong, read anew at every look, so that a test can set the clock of a running
// process. Without the variable, the file or a number in it: as in the product (base/clock.cpp).
// A look at the clock is also where the leader elector can be held (elector_hold.h).
#include <sys/prctl.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string_view>

#include "base/clock.h"
#include "support/elector_hold.h"

namespace apiclient {

std::atomic<bool> test::elector_must_wait = false;
std::atomic<bool> test::elector_waits = false;

namespace {

constexpr std::string_view kElectorThread = "leader elector";

bool is_elector() {
  std::array<char, 16> name{};
  prctl(PR_GET_NAME, name.data());
  return name.data() == kElectorThread;
}

void wait_where_told() {
  if (!test::elector_must_wait || !is_elector()) return;
  const timespec moment{.tv_sec = 0, .tv_nsec = 1'000'000};
  test::elector_waits = true;
  while (test::elector_must_wait) nanosleep(&moment, nullptr);
}

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

BootTime SystemClock::now() const {
  wait_where_told();
  return BootClock::now();
}
WallTime SystemClock::wall_now() const { return std::chrono::system_clock::now() + offset(); }

}  // namespace apiclient
