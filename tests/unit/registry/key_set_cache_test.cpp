#include "registry/key_set_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "support/eventually.h"
#include "support/fake_clock.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry::test {
namespace {

using namespace std::chrono_literals;
using Seconds = std::optional<std::chrono::seconds>;

BootTime at(std::chrono::seconds time) { return BootTime(1h + time); }

struct StepRow {
  std::string name;
  Seconds fetched;
  Seconds asked;
  bool fetching;
  Seconds newer_than;
  std::chrono::seconds now;
  KeySetStep expected;
  friend void PrintTo(const StepRow& row, std::ostream* stream) { *stream << row.name; }
};

class NextKeySetStep : public ::testing::TestWithParam<StepRow> {};

TEST_P(NextKeySetStep, IsDecidedByAge) {
  const auto& row = GetParam();
  KeySetState state{.keys = {}, .asked_at = {}, .fetching = row.fetching};
  if (row.fetched) state.keys = KeySet{.text = "{}", .fetched_at = at(*row.fetched)};
  if (row.asked) state.asked_at = at(*row.asked);
  const auto newer = row.newer_than ? std::optional(at(*row.newer_than)) : std::nullopt;
  EXPECT_EQ(next_key_set_step(state, {}, newer, at(row.now)), row.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, NextKeySetStep,
    ::testing::Values(StepRow{"First", {}, {}, false, {}, 0s, KeySetStep::fetch},
                      StepRow{"OnItsWay", {}, 0s, true, {}, 1s, KeySetStep::wait},
                      StepRow{"FailedJustNow", {}, 0s, false, {}, 9s, KeySetStep::give_up},
                      StepRow{"FailedAWhileAgo", {}, 0s, false, {}, 10s, KeySetStep::fetch},
                      StepRow{"Fresh", 0s, 0s, false, {}, 299s, KeySetStep::use},
                      StepRow{"FreshThoughOnItsWay", 0s, 5s, true, {}, 20s, KeySetStep::use},
                      StepRow{"Old", 0s, 0s, false, {}, 300s, KeySetStep::fetch},
                      StepRow{"OldAndOnItsWay", 0s, 300s, true, {}, 301s, KeySetStep::wait},
                      StepRow{"OldAndFailedJustNow", 0s, 300s, false, {}, 305s, KeySetStep::use},
                      StepRow{"TooOldAndFailedJustNow", 0s, 3599s, false, {}, 3600s, KeySetStep::give_up},
                      StepRow{"UnknownKey", 0s, 0s, false, 0s, 10s, KeySetStep::fetch},
                      StepRow{"UnknownKeyAgainTooSoon", 0s, 0s, false, 0s, 9s, KeySetStep::use},
                      StepRow{"SomebodyFetchedMeanwhile", 20s, 20s, false, 0s, 21s, KeySetStep::use}),
    test::RowName());

struct CacheWorld {
  apiclient::test::FakeClock clock;
  std::atomic<int> fetches = 0;
  std::function<Result<std::string>(const std::string&)> answer = [](const std::string& uri) {
    return Result<std::string>("keys of " + uri);
  };
  KeySetCache cache;

  explicit CacheWorld(KeySetPacing pacing = {})
      : cache(
            [this](const std::string& uri) {
              ++fetches;
              return answer(uri);
            },
            clock, pacing) {}
};

TEST(KeySetCache, KeepsSetsSomeMinutes) {
  CacheWorld world;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.cache.get("a")->text, "keys of a");
  EXPECT_EQ(world.cache.get("b")->text, "keys of b");
  EXPECT_EQ(world.fetches, 2);
  world.clock.advance(300s);
  world.answer = [](const std::string&) { return Result<std::string>("new keys"); };
  EXPECT_EQ(world.cache.get("a")->text, "new keys");
}

TEST(KeySetCache, UnknownKeyFetchesOnceMore) {
  CacheWorld world;
  const auto known = world.cache.get("a").value();
  world.clock.advance(10s);
  world.answer = [](const std::string&) { return Result<std::string>("new keys"); };
  EXPECT_EQ(world.cache.get("a", known.fetched_at)->text, "new keys");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(world.cache.get("a", world.clock.now()));
  EXPECT_EQ(world.fetches, 2) << "whoever invents key ids must not make us hammer the server";
}

TEST(KeySetCache, OldSetServesWhileItsServerIsDown) {
  CacheWorld world;
  ASSERT_TRUE(world.cache.get("a"));
  world.answer = [](const std::string&) { return Result<std::string>(fail(ErrorKind::timeout, "slow")); };
  world.clock.advance(3599s);
  EXPECT_EQ(world.cache.get("a")->text, "keys of a");
  world.clock.advance(1s);
  EXPECT_EQ(world.cache.get("a").error().kind, ErrorKind::unavailable);
}

TEST(KeySetCache, FailureIsNotAskedForAgainAtOnce) {
  CacheWorld world;
  world.answer = [](const std::string&) { return Result<std::string>(fail(ErrorKind::timeout, "slow")); };
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(world.cache.get("a"));
  EXPECT_EQ(world.fetches, 1);
}

TEST(KeySetCache, RemembersABoundedNumber) {
  CacheWorld world({.max_uris = 3});
  for (const auto* uri : {"a", "b", "c", "d"}) {
    ASSERT_TRUE(world.cache.get(uri));
    world.clock.advance(1s);
  }
  EXPECT_TRUE(world.cache.get("d"));
  EXPECT_EQ(world.fetches, 4);
  EXPECT_TRUE(world.cache.get("a")) << "the one asked for longest ago was dropped";
  EXPECT_EQ(world.fetches, 5);
}

TEST(KeySetCache, SlowServersHoldUpFewRequests) {
  CacheWorld world({.max_fetches = 2, .max_waiting = 1, .longest_wait = 30s});
  std::latch release(1);
  world.answer = [&](const std::string&) {
    release.wait();
    return Result<std::string>("late keys");
  };
  std::atomic<int> served = 0;
  std::atomic<int> turned_away = 0;
  const auto ask = [&](const std::string& uri) { ++(world.cache.get(uri) ? served : turned_away); };
  {
    std::vector<std::jthread> threads;
    for (const auto* uri : {"a", "b"}) threads.emplace_back(ask, uri);
    EXPECT_TRUE(apiclient::test::eventually([&] { return world.fetches == 2; }));
    ask("c");
    EXPECT_EQ(turned_away, 1) << "no third fetch at once";
    for (int i = 0; i < 4; ++i) threads.emplace_back(ask, "a");
    EXPECT_TRUE(apiclient::test::eventually([&] { return turned_away == 4; })) << "only one of them waits";
    release.count_down();
  }
  EXPECT_EQ(served, 3);
  EXPECT_EQ(world.fetches, 2);
}

}  // namespace
}  // namespace apiclient::registry::test
