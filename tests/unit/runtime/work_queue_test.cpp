#include "runtime/work_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "support/eventually.h"
#include "support/fake_clock.h"

namespace apiclient::runtime {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::eventually;

Key key(const std::string& name) { return {.namespace_name = "team-a", .name = name}; }

TEST(WorkQueue, TakeEndsEmptyWhenStopIsRequested) {
  const SystemClock clock;
  WorkQueue queue(clock);
  std::stop_source stop;
  std::optional<Key> taken = key("unset");
  {
    const std::jthread worker([&] { taken = queue.take(stop.get_token()); });
    stop.request_stop();
  }
  EXPECT_EQ(taken, std::nullopt);
}

TEST(WorkQueue, StopWinsOverKeysThatAreDue) {
  const SystemClock clock;
  WorkQueue queue(clock);
  std::stop_source stop;
  stop.request_stop();
  queue.add(key("a"));
  EXPECT_EQ(queue.take(stop.get_token()), std::nullopt);
}

TEST(WorkQueue, AddWakesAWaitingWorker) {
  const SystemClock clock;
  WorkQueue queue(clock);
  std::optional<Key> taken;
  const auto started_at = steady_clock::now();
  {
    const std::jthread worker([&] { taken = queue.take({}); });
    queue.add(key("a"));
  }
  EXPECT_EQ(taken, key("a"));
  EXPECT_LT(steady_clock::now() - started_at, std::chrono::seconds(5));
}

TEST(WorkQueue, DelayedKeyIsTakenWhenItsTimeHasComeAndNotBefore) {
  const SystemClock clock;
  WorkQueue queue(clock);
  const auto started_at = steady_clock::now();
  queue.add_after(key("late"), hours(1));
  queue.add_after(key("soon"), milliseconds(30));
  EXPECT_EQ(queue.take({}), key("soon"));
  EXPECT_GE(steady_clock::now() - started_at, milliseconds(30));
}

TEST(WorkQueue, EarlierKeyCutsTheWaitForALaterOneShort) {
  const SystemClock clock;
  WorkQueue queue(clock);
  queue.add_after(key("late"), hours(1));
  std::optional<Key> taken;
  const auto started_at = steady_clock::now();
  {
    const std::jthread worker([&] { taken = queue.take({}); });
    queue.add_after(key("soon"), milliseconds(20));
  }
  EXPECT_EQ(taken, key("soon"));
  EXPECT_LT(steady_clock::now() - started_at, std::chrono::seconds(5));
}

TEST(WorkQueue, DoneWakesAWorkerThatWaitsForThatKey) {
  const SystemClock clock;
  WorkQueue queue(clock);
  queue.add(key("a"));
  ASSERT_EQ(queue.take({}), key("a"));
  queue.add(key("a"));
  std::atomic<bool> taken = false;
  const std::jthread worker([&] { taken = queue.take({}) == key("a"); });
  EXPECT_FALSE(queue.idle());
  EXPECT_FALSE(taken);
  queue.done(key("a"));
  EXPECT_TRUE(eventually([&] { return taken.load(); }));
}

TEST(WorkQueue, DepthCountsWhatIsDueAndIdleMeansNothingIsDueOrInWork) {
  test::FakeClock clock;
  WorkQueue queue(clock);
  EXPECT_TRUE(queue.idle());
  queue.add_after(key("later"), hours(1));
  EXPECT_EQ(queue.depth(), 0U);
  EXPECT_TRUE(queue.idle());
  queue.add(key("a"));
  EXPECT_EQ(queue.depth(), 1U);
  EXPECT_FALSE(queue.idle());
  ASSERT_EQ(queue.take({}), key("a"));
  EXPECT_EQ(queue.depth(), 0U);
  EXPECT_FALSE(queue.idle());
  queue.done(key("a"));
  EXPECT_TRUE(queue.idle());
  clock.advance(hours(2));
  EXPECT_EQ(queue.depth(), 1U);
}

/// Workers that wait for the same moment all find something.
TEST(WorkQueue, KeysThatFallDueTogetherAreAllTaken) {
  test::FakeClock clock;
  WorkQueue queue(clock);
  for (int number = 0; number < 100; ++number) queue.add_after(key(std::to_string(number)), milliseconds(20));
  std::atomic<int> taken = 0;
  std::stop_source stop;
  std::vector<std::jthread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&] {
      while (const auto taken_key = queue.take(stop.get_token())) {
        ++taken;
        queue.done(*taken_key);
      }
    });
  }
  EXPECT_EQ(taken, 0);
  clock.advance(milliseconds(20));
  EXPECT_TRUE(eventually([&] { return taken == 100; }));
  stop.request_stop();
}

/// Four producers, four workers, 2,000 keys, each added several times and sometimes with a delay or from its
/// own worker: at most one worker per key at any time, and the last add of each key is followed by a pass.
TEST(WorkQueue, StressNoKeyIsLostAndNoneRunsTwiceAtOnce) {
  constexpr std::size_t kKeys = 2'000;
  struct Slot {
    std::atomic<int> running = 0;
    std::atomic<int> version = 0;
    std::atomic<int> seen = 0;
  };
  const SystemClock clock;
  WorkQueue queue(clock);
  std::vector<Slot> slots(kKeys);
  std::atomic<bool> overlap = false;
  std::stop_source stop;
  std::vector<std::jthread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&] {
      while (const auto taken = queue.take(stop.get_token())) {
        Slot& slot = slots[std::stoul(taken->name)];
        if (++slot.running != 1) overlap = true;
        const int version = slot.version;
        slot.seen = version;
        if (version % 3 == 1) {
          ++slot.version;
          queue.add_after(*taken, milliseconds(version % 5));
        }
        --slot.running;
        queue.done(*taken);
      }
    });
  }
  {
    std::vector<std::jthread> producers;
    for (std::size_t producer = 0; producer < 4; ++producer) {
      producers.emplace_back([&, producer] {
        for (std::size_t number = 0; number < kKeys * 3; ++number) {
          const std::size_t slot = (number * 7 + producer) % kKeys;
          ++slots[slot].version;
          const auto priority = number % 2 == 0 ? Priority::normal : Priority::resync;
          queue.add_after(key(std::to_string(slot)), milliseconds(number % 3), priority);
        }
      });
    }
  }
  EXPECT_TRUE(eventually(
      [&] {
        return std::all_of(slots.begin(), slots.end(),
                           [](const Slot& slot) { return slot.seen == slot.version; });
      },
      std::chrono::seconds(40)));
  stop.request_stop();
  workers.clear();
  EXPECT_FALSE(overlap);
}

}  // namespace
}  // namespace apiclient::runtime
