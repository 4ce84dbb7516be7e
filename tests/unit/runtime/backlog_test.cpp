#include "runtime/backlog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

namespace apiclient::runtime {
namespace {

using std::chrono::seconds;

Key key(const std::string& name) { return {.namespace_name = "team-a", .name = name}; }
BootTime at(int second) { return BootTime(seconds(second)); }

class BacklogTest : public testing::Test {
 protected:
  /// Names in the order in which they are taken at that time; all of them stay in progress.
  std::string taken(int second) {
    std::string names;
    while (const auto taken_key = backlog.take(at(second))) names += taken_key->name;
    return names;
  }
  Backlog backlog;
};

TEST_F(BacklogTest, KeysComeInTheOrderInWhichTheyWereAdded) {
  for (const char* name : {"c", "a", "b"}) backlog.add(key(name), at(1), Priority::normal);
  EXPECT_EQ(taken(1), "cab");
}

TEST_F(BacklogTest, KeyAddedTwiceIsTakenOnce) {
  backlog.add(key("a"), at(1), Priority::normal);
  backlog.add(key("a"), at(1), Priority::normal);
  EXPECT_EQ(backlog.waiting(), 1U);
  EXPECT_EQ(taken(1), "a");
}

TEST_F(BacklogTest, KeyAddedWhileBeingProcessedRunsAgainAfterDone) {
  backlog.add(key("a"), at(1), Priority::normal);
  ASSERT_EQ(backlog.take(at(1)), key("a"));
  backlog.add(key("a"), at(1), Priority::normal);
  EXPECT_EQ(backlog.waiting(), 0U);
  EXPECT_EQ(backlog.next_ready(), std::nullopt) << "only done makes it available";
  EXPECT_EQ(backlog.take(at(2)), std::nullopt);
  backlog.done(key("a"));
  EXPECT_EQ(backlog.take(at(2)), key("a"));
  backlog.done(key("a"));
  EXPECT_EQ(backlog.take(at(3)), std::nullopt);
}

TEST_F(BacklogTest, KnowsSinceWhenAKeyWasDueThatIsBeingWorkedOn) {
  backlog.add(key("a"), at(3), Priority::normal);
  backlog.add(key("a"), at(5), Priority::normal);
  ASSERT_EQ(backlog.take(at(9)), key("a"));
  EXPECT_EQ(backlog.due_since(key("a")), at(3));
}

TEST_F(BacklogTest, KnowsThatAKeyWasMadeDueEarlierOrRose) {
  backlog.add(key("a"), at(5), Priority::normal);
  backlog.add(key("a"), at(3), Priority::normal);
  backlog.add(key("b"), at(1), Priority::resync);
  backlog.add(key("b"), at(4), Priority::normal);
  ASSERT_EQ(backlog.take(at(9)), key("a"));
  ASSERT_EQ(backlog.take(at(9)), key("b"));
  EXPECT_EQ(backlog.due_since(key("a")), at(3));
  EXPECT_EQ(backlog.due_since(key("b")), at(4));
}

TEST_F(BacklogTest, CountsKeysThatDidNotWaitYet) {
  backlog.add(key("a"), at(1), Priority::normal);
  backlog.add(key("a"), at(2), Priority::normal);
  backlog.add(key("b"), at(1), Priority::normal);
  ASSERT_EQ(taken(1), "ab");
  backlog.add(key("a"), at(1), Priority::normal);
  EXPECT_EQ(backlog.adds(), 3U);
}

TEST_F(BacklogTest, HigherPriorityOvertakesAndLowerDoesNotSinkAWaitingKey) {
  backlog.add(key("a"), at(1), Priority::resync);
  backlog.add(key("b"), at(1), Priority::normal);
  backlog.add(key("c"), at(1), Priority::resync);
  backlog.add(key("b"), at(1), Priority::resync);
  EXPECT_EQ(taken(1), "bac");
}

TEST_F(BacklogTest, KeyThatRisesGoesToTheEndOfItsNewClass) {
  backlog.add(key("a"), at(1), Priority::resync);
  backlog.add(key("b"), at(1), Priority::normal);
  EXPECT_EQ(backlog.due(at(1)), 2U);
  ASSERT_EQ(backlog.take(at(1)), key("b"));  // both are ready now
  backlog.add(key("c"), at(1), Priority::normal);
  backlog.add(key("a"), at(1), Priority::normal);
  EXPECT_EQ(taken(1), "ca");
}

TEST_F(BacklogTest, ReadyKeyThatRisesOvertakesItsOldClass) {
  for (const char* name : {"a", "b", "c"}) backlog.add(key(name), at(1), Priority::resync);
  ASSERT_EQ(backlog.take(at(1)), key("a"));
  backlog.add(key("c"), at(5), Priority::normal);
  EXPECT_EQ(taken(1), "cb");
}

TEST_F(BacklogTest, DelayedKeysComeByTheirTimes) {
  backlog.add(key("late"), at(9), Priority::normal);
  backlog.add(key("soon"), at(5), Priority::normal);
  EXPECT_EQ(backlog.next_ready(), at(5));
  EXPECT_EQ(backlog.take(at(4)), std::nullopt);
  EXPECT_EQ(backlog.due(at(4)), 0U);
  EXPECT_EQ(backlog.due(at(5)), 1U);
  EXPECT_EQ(backlog.due(at(9)), 2U);
  EXPECT_EQ(backlog.waiting(), 2U);
  EXPECT_EQ(backlog.take(at(5)), key("soon"));
  EXPECT_EQ(backlog.next_ready(), at(9));
  EXPECT_EQ(taken(20), "late");
}

TEST_F(BacklogTest, WaitingKeyKeepsTheEarlierTime) {
  backlog.add(key("a"), at(5), Priority::normal);
  backlog.add(key("a"), at(9), Priority::normal);
  EXPECT_EQ(backlog.next_ready(), at(5));
  backlog.add(key("a"), at(2), Priority::normal);
  EXPECT_EQ(backlog.next_ready(), at(2));
  EXPECT_EQ(taken(2), "a");
}

TEST_F(BacklogTest, KeyInProgressKeepsTheEarlierTimeToo) {
  backlog.add(key("a"), at(1), Priority::normal);
  ASSERT_EQ(backlog.take(at(1)), key("a"));
  backlog.add(key("a"), at(60), Priority::resync);
  backlog.add(key("a"), at(3), Priority::normal);
  backlog.done(key("a"));
  EXPECT_EQ(backlog.next_ready(), at(3));
}

TEST_F(BacklogTest, NextReadyIsAtOnceWhileSomethingIsReady) {
  EXPECT_EQ(backlog.next_ready(), std::nullopt);
  backlog.add(key("a"), at(1), Priority::normal);
  backlog.add(key("b"), at(1), Priority::normal);
  ASSERT_EQ(backlog.take(at(1)), key("a"));
  ASSERT_TRUE(backlog.next_ready());
  EXPECT_LE(*backlog.next_ready(), at(1));
}

TEST_F(BacklogTest, DoneOfAnUnknownKeyDoesNothing) {
  backlog.add(key("a"), at(1), Priority::normal);
  backlog.done(key("a"));
  EXPECT_EQ(backlog.waiting(), 1U);
  EXPECT_EQ(backlog.in_progress(), 0U);
}

/// Against a model that keeps each rule in the plainest form.
TEST_F(BacklogTest, RandomOperationsLoseNothingAndNeverGiveAKeyTwice) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::map<std::string, int> wanted;  // name → earliest time
  std::set<std::string> running;
  int now = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::string name = std::to_string(random() % 20);
    switch (random() % 4) {
      case 0: {
        const int time = now + static_cast<int>(random() % 5);
        backlog.add(key(name), at(time), random() % 2 == 0 ? Priority::normal : Priority::resync);
        const auto [found, is_new] = wanted.try_emplace(name, time);
        found->second = std::min(found->second, time);
        break;
      }
      case 1: {
        const auto taken_key = backlog.take(at(now));
        const bool expected = std::any_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
          return entry.second <= now && !running.contains(entry.first);
        });
        ASSERT_EQ(taken_key.has_value(), expected);
        if (!taken_key) break;
        ASSERT_TRUE(wanted.contains(taken_key->name) && wanted[taken_key->name] <= now);
        ASSERT_TRUE(running.insert(taken_key->name).second);
        wanted.erase(taken_key->name);
        break;
      }
      case 2:
        if (running.erase(name) > 0) backlog.done(key(name));
        break;
      default: now += static_cast<int>(random() % 2);
    }
    ASSERT_EQ(backlog.in_progress(), running.size());
  }
}

}  // namespace
}  // namespace apiclient::runtime
