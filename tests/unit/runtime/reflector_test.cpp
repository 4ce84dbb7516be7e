#include "runtime/reflector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "scripted_reader.h"
#include "support/eventually.h"
#include "support/fake_clock.h"

namespace apiclient::runtime {
namespace {

using kube::Bookmark;
using kube::ObjectChanged;
using kube::ObjectDeleted;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::an_object;
using test::eventually;
using testing::Each;
using testing::ElementsAre;

Error error(ErrorKind kind, int status_code = 0) {
  return {.kind = kind, .message = "no", .retry_after = {}, .status_code = status_code, .code = {}};
}

class RecordingSink final : public ReflectorSink {
 public:
  void list_started() override { calls.emplace_back("start"); }
  Result<void> listed(Json&& object) override { return record("listed ", object); }
  void list_finished() override { calls.emplace_back("finish"); }
  Result<void> changed(Json&& object) override { return record("changed ", object); }
  Result<void> deleted(Json&& object) override { return record("deleted ", object); }

  std::vector<std::string> calls;  ///< read it when the reflector has ended
  std::string refuses;             ///< a call that fails, once

 private:
  Result<void> record(const std::string& what, const Json& object) {
    calls.push_back(what + key_of(object).name);
    if (calls.back() != refuses) return {};
    refuses.clear();
    return fail(ErrorKind::internal, "refused");
  }
};

class ReflectorTest : public testing::Test {
 protected:
  /// Runs until the script is at its end.
  void play() {
    Reflector reflector(reader, options, sink, clock);
    std::jthread thread([&](const std::stop_token& stop) { reflector.run(stop); });
    EXPECT_TRUE(eventually([&] { return reader.finished(); }));
  }

  ReflectorOptions options{.type = kube::kConfigMaps,
                           .backoff = {.initial = milliseconds(1), .cap = milliseconds(2), .jitter = 0.0}};
  test::ScriptedReader reader;
  RecordingSink sink;
  test::FakeClock clock;
};

TEST_F(ReflectorTest, ListsAtZeroAndWatchesFromTheVersionOfTheList) {
  reader.add({.items = {an_object("a", "3"), an_object("b", "99")}, .version = "12"});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12"));
  EXPECT_THAT(sink.calls, ElementsAre("start", "listed a", "listed b", "finish"));
}

TEST_F(ReflectorTest, CleanEndWatchesAgainFromTheLastEventOrBookmark) {
  reader.add({.items = {}, .version = "12"});
  reader.add({.events = {ObjectChanged{an_object("a", "13")}, ObjectDeleted{an_object("a", "14")}}});
  reader.add({.events = {ObjectChanged{an_object("b", "15")}, Bookmark{.resource_version = "20"}}});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12", "watch 14", "watch 20"));
  EXPECT_THAT(sink.calls, ElementsAre("start", "finish", "changed a", "deleted a", "changed b"));
}

TEST_F(ReflectorTest, ExpiredWatchRelistsAtTheLastVersionAndThenAtTheNewest) {
  reader.add({.items = {}, .version = "12"});
  reader.add({.events = {ObjectChanged{an_object("a", "13")}}, .error = error(ErrorKind::expired, 410)});
  reader.add({.items = {}, .version = "", .error = error(ErrorKind::expired, 410)});
  reader.add({.items = {}, .version = "40"});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12", "list 13", "list ", "watch 40"));
}

/// With a limit, the server would answer with exactly the state of that version, and every relist would be
/// stale.
TEST_F(ReflectorTest, OnlyAListAtAVersionHasNoLimit) {
  reader.add({.items = {}, .version = "12"});
  reader.add({.events = {}, .error = error(ErrorKind::expired, 410)});
  reader.add({.items = {}, .version = "", .error = error(ErrorKind::expired, 410)});
  reader.add({.items = {}, .version = "40"});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12", "list 12", "list ", "watch 40"));
  EXPECT_THAT(reader.page_sizes(), ElementsAre(500, 0, 500));
}

TEST_F(ReflectorTest, VersionThatIsGoneAgainRightAfterItsListIsDropped) {
  reader.add({.items = {}, .version = "12"});
  reader.add({.events = {}, .error = error(ErrorKind::expired, 410)});
  reader.add({.items = {}, .version = "12"});
  reader.add({.events = {}, .error = error(ErrorKind::expired, 410)});
  reader.add({.items = {}, .version = "40"});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12", "list 12", "watch 12", "list ", "watch 40"));
}

TEST_F(ReflectorTest, ThrottledAndRefusedWatchesAreTriedAgainWithoutAList) {
  reader.add({.items = {}, .version = "12"});
  reader.add({.events = {}, .error = error(ErrorKind::throttled, 429)});
  reader.add({.events = {}, .error = error(ErrorKind::unavailable)});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12", "watch 12", "watch 12"));
}

TEST_F(ReflectorTest, SecondInstantEndRelistsAtTheNewest) {
  reader.add({.items = {}, .version = "12"});
  reader.add(test::ScriptedReader::Watch{});
  reader.add(test::ScriptedReader::Watch{});
  reader.add({.items = {}, .version = "30"});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12", "watch 12", "list ", "watch 30"));
}

TEST_F(ReflectorTest, InstantEndsWithAnEventBetweenThemDoNotRelist) {
  reader.add({.items = {}, .version = "12"});
  reader.add(test::ScriptedReader::Watch{});
  reader.add({.events = {ObjectChanged{an_object("a", "13")}}});
  reader.add(test::ScriptedReader::Watch{});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12", "watch 12", "watch 13", "watch 13"));
}

TEST_F(ReflectorTest, UnfinishedListIsStartedAnewAndNeverFinished) {
  reader.add({.items = {an_object("a", "3")}, .version = "", .error = error(ErrorKind::unavailable, 503)});
  reader.add({.items = {an_object("b", "4")}, .version = "12"});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "list 0", "watch 12"));
  EXPECT_THAT(sink.calls, ElementsAre("start", "listed a", "start", "listed b", "finish"));
}

TEST_F(ReflectorTest, ListWithoutAUsableVersionIsAFailure) {
  reader.add({.items = {}, .version = ""});
  reader.add({.items = {}, .version = "0"});
  reader.add({.items = {}, .version = "12"});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "list 0", "list 0", "watch 12"));
  EXPECT_THAT(sink.calls, ElementsAre("start", "start", "start", "finish"));
}

TEST_F(ReflectorTest, ErrorOfTheSinkEndsTheWatchBeforeThatEventCounts) {
  sink.refuses = "changed b";
  reader.add({.items = {}, .version = "12"});
  reader.add({.events = {ObjectChanged{an_object("a", "13")}, ObjectChanged{an_object("b", "14")},
                         ObjectChanged{an_object("c", "15")}}});
  reader.add({.items = {an_object("b", "14")}, .version = "16"});
  play();
  EXPECT_THAT(reader.calls(), ElementsAre("list 0", "watch 12", "list 13", "watch 16"));
}

TEST_F(ReflectorTest, WatchTimesAreSpreadBetweenOnceAndTwiceTheShortest) {
  reader.add({.items = {}, .version = "12"});
  for (int watch = 0; watch < 50; ++watch)
    reader.add({.events = {Bookmark{.resource_version = "13"}, ObjectChanged{an_object("a", "13")}}});
  play();
  const auto timeouts = reader.timeouts();
  ASSERT_EQ(timeouts.size(), 51U);
  EXPECT_THAT(timeouts, Each(testing::AllOf(testing::Ge(seconds(300)), testing::Le(seconds(600)))));
  EXPECT_GT(std::set(timeouts.begin(), timeouts.end()).size(), 10U);
}

TEST_F(ReflectorTest, StopEndsABackOffAtOnce) {
  options.backoff = {.initial = std::chrono::hours(1), .cap = std::chrono::hours(1), .jitter = 0.0};
  reader.add({.items = {}, .version = "", .error = error(ErrorKind::unavailable)});
  Reflector reflector(reader, options, sink, clock);
  const auto started_at = steady_clock::now();
  {
    std::jthread thread([&](const std::stop_token& stop) { reflector.run(stop); });
    EXPECT_TRUE(eventually([&] { return reader.calls().size() == 1; }));
  }
  EXPECT_LT(steady_clock::now() - started_at, seconds(20));
  EXPECT_THAT(reader.calls(), ElementsAre("list 0"));
}

TEST_F(ReflectorTest, ServersWishToWaitIsKept) {
  Error throttled = error(ErrorKind::throttled, 429);
  throttled.retry_after = milliseconds(60);
  reader.add({.items = {}, .version = "", .error = throttled});
  const auto started_at = steady_clock::now();
  play();
  EXPECT_GE(steady_clock::now() - started_at, milliseconds(60));
}

/// The delays are 1 ms, then 10 s; after two quiet minutes they begin at 1 ms again.
TEST_F(ReflectorTest, QuietTimeStartsTheBackOffAnew) {
  options.backoff = {
      .initial = milliseconds(1), .cap = std::chrono::hours(1), .factor = 10'000.0, .jitter = 0.0};
  reader.add({.items = {}, .version = "", .error = error(ErrorKind::unavailable)});
  reader.add({.items = {}, .version = "12"});
  reader.add({.events = {ObjectChanged{an_object("slow", "13")}}, .error = error(ErrorKind::unavailable)});
  class SlowSink final : public ReflectorSink {
   public:
    explicit SlowSink(test::FakeClock& fake) : fake_(fake) {}
    void list_started() override {}
    Result<void> listed(Json&& /*object*/) override { return {}; }
    void list_finished() override {}
    Result<void> changed(Json&& /*object*/) override { return fake_.advance(seconds(120)), Result<void>(); }
    Result<void> deleted(Json&& /*object*/) override { return {}; }

   private:
    test::FakeClock& fake_;
  } slow(clock);
  Reflector reflector(reader, options, slow, clock);
  const auto started_at = steady_clock::now();
  {
    std::jthread thread([&](const std::stop_token& stop) { reflector.run(stop); });
    EXPECT_TRUE(eventually([&] { return reader.finished(); }));
  }
  EXPECT_LT(steady_clock::now() - started_at, seconds(8)) << "the second delay would have been ten seconds";
}

TEST(KeyOf, IsEmptyWhereMetadataIsMissingOrWrong) {
  EXPECT_EQ(key_of(an_object("a", "1")), (kube::ObjectKey{.namespace_name = "team-a", .name = "a"}));
  EXPECT_EQ(key_of(Json::object()), kube::ObjectKey{});
  EXPECT_EQ(key_of(Json{{"metadata", 3}}), kube::ObjectKey{});
  EXPECT_EQ(key_of(Json{{"metadata", {{"name", 3}}}}), kube::ObjectKey{});
}

}  // namespace
}  // namespace apiclient::runtime
