#include "registry/used_assertions.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/registry/store_world.h"

namespace apiclient::registry::test {
namespace {

using namespace std::chrono_literals;

struct UsedWorld : StoreWorld {
  UsedAssertions used{*database, hasher, clock};
  bool use(const std::string& client_id, const std::string& token_id) {
    return used.use(client_id, token_id, clock.wall_now() + 60s).value();
  }
  std::int64_t rows() {
    return database
        ->read([](Connection& connection) -> Result<std::int64_t> {
          Query query = connection.query("SELECT count(*) FROM used_assertions");
          return query.next() ? query.integer_at(0) : -1;
        })
        .value();
  }
};

TEST(UsedAssertions, OneUseEach) {
  UsedWorld world;
  EXPECT_TRUE(world.use("a", "j-1"));
  EXPECT_FALSE(world.use("a", "j-1"));
  EXPECT_TRUE(world.use("a", "j-2"));
  EXPECT_TRUE(world.use("b", "j-1")) << "ids are the client's own";
}

TEST(UsedAssertions, AreRememberedUntilTheyExpireAndNoLonger) {
  UsedWorld world;
  EXPECT_TRUE(world.use("a", "j-1"));
  world.clock.advance(59s);
  EXPECT_FALSE(world.use("a", "j-1"));
  world.clock.advance(1s);
  EXPECT_TRUE(world.use("b", "j-2"));
  EXPECT_EQ(world.rows(), 1);
}

TEST(UsedAssertions, SurviveARestart) {
  UsedWorld world;
  EXPECT_TRUE(world.use("a", "j-1"));
  const auto reopened = Database::open(world.folder.file("registry.db")).value();
  UsedAssertions used(*reopened, world.hasher, world.clock);
  EXPECT_FALSE(used.use("a", "j-1", world.clock.wall_now() + 60s).value());
}

TEST(UsedAssertions, OneOfManyAtOnceWins) {
  UsedWorld world;
  std::atomic<int> winners = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { winners += world.use("a", "j-1") ? 1 : 0; });
  }
  EXPECT_EQ(winners, 1);
}

}  // namespace
}  // namespace apiclient::registry::test
