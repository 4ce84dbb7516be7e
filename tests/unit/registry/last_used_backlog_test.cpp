#include "registry/last_used_backlog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace apiclient::registry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

BootTime at(std::chrono::milliseconds time) { return BootTime(time); }
WallTime wall(std::chrono::milliseconds time) { return WallTime(time); }

class LastUsedBacklogTest : public ::testing::Test {
 protected:
  LastUsedBacklog backlog_{{.spacing = 60s, .gather = 1s}};
};

TEST_F(LastUsedBacklogTest, EmptyOneIsNeverDue) {
  EXPECT_EQ(backlog_.next_due(), std::nullopt);
  EXPECT_THAT(backlog_.take_due(at(1h)), IsEmpty());
}

TEST_F(LastUsedBacklogTest, UsesCloseTogetherAreOneBatch) {
  EXPECT_TRUE(backlog_.note("a", wall(0s), at(0s)));
  EXPECT_TRUE(backlog_.note("b", wall(500ms), at(500ms)));
  EXPECT_EQ(backlog_.next_due(), at(1s));
  EXPECT_THAT(backlog_.take_due(at(999ms)), IsEmpty());
  EXPECT_THAT(backlog_.take_due(at(2s)), UnorderedElementsAre(Pair("a", wall(0s)), Pair("b", wall(500ms))));
  EXPECT_EQ(backlog_.next_due(), std::nullopt);
}

TEST_F(LastUsedBacklogTest, LatestUseCounts) {
  backlog_.note("a", wall(10s), at(0s));
  EXPECT_FALSE(backlog_.note("a", wall(12s), at(200ms)));
  EXPECT_FALSE(backlog_.note("a", wall(11s), at(300ms))) << "the clock may be set back";
  EXPECT_THAT(backlog_.take_due(at(1s)), ElementsAre(Pair("a", wall(12s))));
}

TEST_F(LastUsedBacklogTest, OneSecretIsWrittenOnceAMinute) {
  int writes = 0;
  for (auto now = 0ms; now < 10min; now += 100ms) {
    backlog_.note("a", wall(now), at(now));
    writes += static_cast<int>(backlog_.take_due(at(now)).size());
  }
  EXPECT_EQ(writes, 10);
}

TEST_F(LastUsedBacklogTest, AnotherSecretDoesNotWaitForIt) {
  backlog_.note("a", wall(0s), at(0s));
  backlog_.take_due(at(1s));
  backlog_.note("a", wall(2s), at(2s));
  EXPECT_EQ(backlog_.next_due(), at(61s));
  backlog_.note("b", wall(3s), at(3s));
  EXPECT_EQ(backlog_.next_due(), at(4s));
  EXPECT_THAT(backlog_.take_due(at(4s)), ElementsAre(Pair("b", wall(3s))));
}

TEST_F(LastUsedBacklogTest, SecretThatRestedIsWrittenSoonAgain) {
  backlog_.note("a", wall(0s), at(0s));
  backlog_.take_due(at(1s));
  backlog_.note("a", wall(2h), at(2h));
  EXPECT_EQ(backlog_.next_due(), at(2h + 1s));
}

TEST_F(LastUsedBacklogTest, StoppingTakesEverything) {
  backlog_.note("a", wall(0s), at(0s));
  backlog_.take_due(at(1s));
  backlog_.note("a", wall(2s), at(2s));
  EXPECT_THAT(backlog_.take_all(), ElementsAre(Pair("a", wall(2s))));
  EXPECT_THAT(backlog_.take_all(), IsEmpty());
}

}  // namespace
}  // namespace apiclient::registry
