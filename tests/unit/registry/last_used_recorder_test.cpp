#include "registry/last_used_recorder.h"

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "unit/registry/store_world.h"

namespace apiclient::registry::test {
namespace {

using apiclient::test::eventually;
using namespace std::chrono_literals;

struct RecorderWorld : StoreWorld {
  RecorderWorld() { create("a", "op-1", 1, 'x'); }
  std::optional<WallTime> last_used() { return get("a").secrets.at(0).last_used_at; }
  const std::string secret_id = (create("a", "op-1", 1, 'x'), get("a").secrets.at(0).id);
};

TEST(LastUsedRecorder, WritesInTheBackground) {
  RecorderWorld world;
  LastUsedRecorder recorder(world.store, world.clock, {.spacing = 60s, .gather = 0ms});
  recorder.note(world.secret_id);
  EXPECT_TRUE(eventually([&] { return world.last_used() == world.clock.wall_now(); }));
}

TEST(LastUsedRecorder, StopWritesWhatWaits) {
  RecorderWorld world;
  LastUsedRecorder recorder(world.store, world.clock, {.spacing = 60s, .gather = 1h});
  recorder.note(world.secret_id);
  EXPECT_FALSE(world.last_used());
  recorder.stop();
  EXPECT_EQ(world.last_used(), world.clock.wall_now());
}

TEST(LastUsedRecorder, StopsAtOnceWhileItWaits) {
  RecorderWorld world;
  const auto begin = std::chrono::steady_clock::now();
  {
    LastUsedRecorder idle(world.store, world.clock);
    LastUsedRecorder waiting(world.store, world.clock, {.spacing = 1h, .gather = 1h});
    waiting.note(world.secret_id);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST(LastUsedRecorder, TakesNotesFromSeveralThreads) {
  RecorderWorld world;
  LastUsedRecorder recorder(world.store, world.clock, {.spacing = 0ms, .gather = 0ms});
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) recorder.note(world.secret_id);
      });
  }
  recorder.stop();
  EXPECT_EQ(world.last_used(), world.clock.wall_now());
}

}  // namespace
}  // namespace apiclient::registry::test
