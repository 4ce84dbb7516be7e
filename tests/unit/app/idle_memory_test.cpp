#include "app/idle_memory.h"

#include <gmock/gmock.h>

#include <thread>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using app::droppable_ranges;
using app::MappedRange;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string part(const std::string& head, const std::string& anonymous) {
  return head +
         "\nSize:                 16 kB\nRss:                  12 kB\nAnonymous:            " + anonymous +
         " kB\nVmFlags: rd mr mw me\n";
}

TEST(DroppableRanges, AreReadOnlyPartsOfFilesThatNobodyWroteTo) {
  EXPECT_THAT(droppable_ranges(part("1000-5000 r-xp 00000000 fe:00 17   /usr/lib/libssl.so.3", "0")),
              ElementsAre(MappedRange{0x1000, 0x5000}));
}

TEST(DroppableRanges, LeaveOutWhatWouldBeLost) {
  const std::string smaps = part("1000-5000 rw-p 00000000 fe:00 17   /usr/lib/libssl.so.3", "0") +
                            part("5000-6000 r--p 00004000 fe:00 17   /usr/lib/libssl.so.3", "4") +
                            part("6000-7000 r--s 00000000 fe:00 18   /shared", "0") +
                            part("7000-8000 r--p 00000000 00:00 0    [vvar]", "0") +
                            part("8000-9000 r--p 00000000 00:00 0 ", "0");
  EXPECT_THAT(droppable_ranges(smaps), IsEmpty());
}

TEST(DroppableRanges, OfNonsenseAreNone) {
  EXPECT_THAT(droppable_ranges(""), IsEmpty());
  EXPECT_THAT(droppable_ranges("Anonymous: 0 kB\nzz-1 r-xp /x\n1000-"), IsEmpty());
}

TEST(IdleMemory, StopsWhenAsked) {
  app::IdleMemory memory(std::chrono::milliseconds(0), std::chrono::hours(1));
  std::jthread runner([&memory](const std::stop_token& stop) { EXPECT_THAT(memory.run(stop), is_ok()); });
  runner.request_stop();
  runner.join();
}

}  // namespace
}  // namespace apiclient::test
