#include "runtime/event_recorder.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "runtime/manager.h"
#include "runtime/pause.h"
#include "support/eventually.h"
#include "support/fake_clock.h"
#include "support/fake_kube.h"
#include "support/log_capture.h"
#include "support/matchers.h"

namespace apiclient::runtime {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::Verb;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

Error unavailable() { return {.kind = ErrorKind::unavailable, .message = "no answer"}; }

kube::Event event_of(const std::string& name, const std::string& reason = "Issued") {
  return {.regarding = {.api_version = "apiclient.dev/v1alpha1",
                        .kind = "ApiClient",
                        .key = {"team-a", name},
                        .uid = "uid-" + name},
          .reason = reason,
          .action = "Issue",
          .note = "why"};
}

class Recorder : public ::testing::Test {
 protected:
  void start() {
    thread_ = std::jthread(
        [this](const std::stop_token& stop) { EXPECT_THAT(recorder_.run(stop), test::is_ok()); });
  }
  void stop() { thread_ = std::jthread(); }
  /// All that waits, on this thread.
  void run_once() {
    std::stop_source stopped;
    stopped.request_stop();
    EXPECT_THAT(recorder_.run(stopped.get_token()), test::is_ok());
  }
  /// "create one Issued", "merge_patch one x2", in order.
  std::vector<std::string> writes() {
    std::vector<std::string> texts;
    for (const auto& write : kube_.writes()) {
      const std::string name = write.key.name.substr(0, write.key.name.find('.'));
      const std::string what = write.verb == Verb::create
                                   ? write.body["reason"].get<std::string>()
                                   : "x" + std::to_string(write.body["series"]["count"].get<int>());
      texts.push_back(std::string(test::to_string(write.verb)) + " " + name + " " + what);
    }
    return texts;
  }
  void expect_counted(const std::string& outcome, int count) {
    EXPECT_THAT(metrics_.text(), HasSubstr("apiclient_events_total{outcome=\"" + outcome + "\"} " +
                                           std::to_string(count) + "\n"));
  }

  test::LogCapture logs_;
  test::FakeClock clock_;
  test::FakeKube kube_{clock_};
  telemetry::Metrics metrics_;
  EventRecorder recorder_{kube_,
                          {.source = {.controller = "apiclient.dev/apiclient-operator", .instance = "pod_1"},
                           .capacity = 5,
                           .retry_pause = 1ms,
                           .grace = 10s},
                          clock_,
                          metrics_};
  std::jthread thread_;
};

TEST_F(Recorder, WritesWhatIsRecorded) {
  start();
  recorder_.record(event_of("one"));
  EXPECT_TRUE(eventually([&] { return !kube_.writes().empty(); }));
  stop();
  ASSERT_THAT(kube_.writes(), SizeIs(1));
  const auto write = kube_.writes()[0];
  EXPECT_EQ(write.field_manager, "apiclient-operator");
  EXPECT_EQ(write.key.namespace_name, "team-a");
  EXPECT_THAT(write.key.name, MatchesRegex("one[.][0-9a-f]{16}"));
  EXPECT_EQ(write.body["reportingInstance"], "pod_1");
  EXPECT_EQ(write.body["eventTime"], "2026-01-02T03:04:05.000000Z");
  EXPECT_FALSE(write.body.contains("series"));
  expect_counted("written", 1);
}

/// What a worker does whose pass ends after the stop was asked for.
class LastWord final : public Runnable {
 public:
  explicit LastWord(EventSink& events) : events_(events) {}
  [[nodiscard]] std::string name() const override { return "last word"; }
  Result<void> run(std::stop_token stop) override {
    started = true;
    wait_for_stop(stop);
    events_.record(event_of("one"));
    return {};
  }
  std::atomic<bool> started = false;

 private:
  EventSink& events_;
};

TEST_F(Recorder, WritesWhatIsRecordedWhileTheControllersEnd) {
  LastWord controller(recorder_);
  Manager manager({}, nullptr);
  manager.add_leading_helper(recorder_);
  manager.add_leading(controller);
  {
    const std::jthread thread(
        [&](const std::stop_token& stop) { EXPECT_THAT(manager.run(stop), test::is_ok()); });
    EXPECT_TRUE(eventually([&] { return controller.started.load(); }));
  }
  EXPECT_THAT(writes(), ElementsAre("create one Issued"));
}

TEST_F(Recorder, ARepetitionBecomesASeries) {
  recorder_.record(event_of("one"));
  clock_.advance(5s);
  recorder_.record(event_of("one"));
  run_once();
  EXPECT_THAT(writes(), ElementsAre("create one Issued", "merge_patch one x2"));
  const auto events = kube_.all(kube::kEvents);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0]["series"]["lastObservedTime"], "2026-01-02T03:04:10.000000Z")
      << "when it happened, not when it was written";
}

TEST_F(Recorder, WaitingCountsAreWrittenWhenTheirMinuteIsOver) {
  for (int i = 0; i < 4; ++i) recorder_.record(event_of("one"));
  recorder_.record(event_of("two"));  // they are taken in order: when it is written, all four were counted
  start();
  EXPECT_TRUE(eventually([&] { return writes().size() == 3; }));
  clock_.advance(61s);
  recorder_.record(event_of("three"));
  EXPECT_TRUE(eventually([&] { return writes().size() == 5; }));
  EXPECT_THAT(writes(), ElementsAre("create one Issued", "merge_patch one x2", "create two Issued",
                                    "merge_patch one x4", "create three Issued"));
}

TEST_F(Recorder, StoppingWritesWhatWaits) {
  for (int i = 0; i < 4; ++i) recorder_.record(event_of("one"));
  recorder_.record(event_of("two"));
  run_once();
  EXPECT_THAT(writes(), ElementsAre("create one Issued", "merge_patch one x2", "create two Issued",
                                    "merge_patch one x4"));
}

TEST_F(Recorder, NeverWaitsAndDropsTheOldestWhenFull) {
  for (int i = 0; i < 8; ++i) recorder_.record(event_of("client-" + std::to_string(i)));
  expect_counted("dropped", 3);
  run_once();
  EXPECT_THAT(writes(),
              ElementsAre("create client-3 Issued", "create client-4 Issued", "create client-5 Issued",
                          "create client-6 Issued", "create client-7 Issued"));
}

TEST_F(Recorder, RecordingGoesOnWhileAWriteHangs) {
  std::atomic<bool> hangs = true;
  kube_.on_write([&](const auto&) { EXPECT_TRUE(eventually([&] { return !hangs; })); });
  start();
  recorder_.record(event_of("slow"));
  EXPECT_TRUE(eventually([&] { return kube_.calls(Verb::create, "events") == 1; }));
  for (int i = 0; i < 20; ++i) recorder_.record(event_of("client-" + std::to_string(i)));
  hangs = false;
  EXPECT_TRUE(eventually([&] { return writes().size() == 6; }));
  expect_counted("dropped", 15);
}

TEST_F(Recorder, ANamespaceThatGoesTakesNone) {
  kube_.terminate_namespace("team-a");
  recorder_.record(event_of("one"));
  run_once();
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_EQ(kube_.calls(Verb::create, "events"), 1) << "not tried again";
  expect_counted("dropped", 1);
  EXPECT_THAT(logs_.text(), HasSubstr(R"("level":"debug","message":"Event has no place")"));
  EXPECT_THAT(logs_.text(), Not(HasSubstr("\"warning\"")));
}

TEST_F(Recorder, WhatIsForbiddenIsNotTriedAgainAndSaidOnce) {
  for (int i = 0; i < 2; ++i)
    kube_.fail_next(Verb::create, "events", {.kind = ErrorKind::forbidden, .message = "no"});
  recorder_.record(event_of("one"));
  recorder_.record(event_of("two"));
  run_once();
  EXPECT_EQ(kube_.calls(Verb::create, "events"), 2);
  expect_counted("failed", 2);
  const std::string text = logs_.text();
  const std::size_t first = text.find("\"warning\"");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("\"warning\"", first + 1), std::string::npos);
}

TEST_F(Recorder, AServerThatDoesNotAnswerIsAskedThreeTimes) {
  for (int i = 0; i < 2; ++i) kube_.fail_next(Verb::create, "events", unavailable());
  recorder_.record(event_of("one"));
  run_once();
  EXPECT_THAT(writes(), ElementsAre("create one Issued"));
  for (int i = 0; i < 3; ++i) kube_.fail_next(Verb::create, "events", unavailable());
  recorder_.record(event_of("two"));
  run_once();
  EXPECT_THAT(writes(), ElementsAre("create one Issued"));
  EXPECT_EQ(kube_.calls(Verb::create, "events"), 6);
  expect_counted("failed", 1);
}

TEST_F(Recorder, ALostReplyMakesNoSecondEvent) {
  kube_.lose_reply_next(Verb::create, "events");
  recorder_.record(event_of("one"));
  run_once();
  EXPECT_THAT(kube_.all(kube::kEvents), SizeIs(1));
  expect_counted("written", 1);
}

TEST_F(Recorder, AnEventThatCouldNotBeCreatedIsNoSeries) {
  kube_.fail_next(Verb::create, "events", {.kind = ErrorKind::forbidden, .message = "no"});
  recorder_.record(event_of("one"));
  recorder_.record(event_of("one"));
  run_once();
  EXPECT_THAT(writes(), ElementsAre("create one Issued"));
}

TEST_F(Recorder, AnEventThatExpiredIsCreatedAnew) {
  start();
  recorder_.record(event_of("one"));
  EXPECT_TRUE(eventually([&] { return writes().size() == 1; }));
  kube_.erase(kube::kEvents, kube_.writes()[0].key);
  recorder_.record(event_of("one"));
  EXPECT_TRUE(eventually([&] { return kube_.calls(Verb::merge_patch, "events") == 1; }));
  recorder_.record(event_of("one"));
  EXPECT_TRUE(eventually([&] { return writes().size() == 2; }));
  EXPECT_THAT(writes(), ElementsAre("create one Issued", "create one Issued"));
}

TEST_F(Recorder, ThatMayNotWriteAnyMoreEnds) {
  for (int i = 0; i < 3; ++i)
    kube_.fail_next(Verb::create, "events", {.kind = ErrorKind::cancelled, .message = "no lease"});
  for (int i = 0; i < 3; ++i) recorder_.record(event_of("client-" + std::to_string(i)));
  run_once();
  EXPECT_THAT(writes(), IsEmpty());
}

TEST_F(Recorder, TakesFromManyThreads) {
  start();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([this, i] {
        for (int n = 0; n < 250; ++n) recorder_.record(event_of("client-" + std::to_string(i)));
      });
    }
  }
  recorder_.record(event_of("last"));
  EXPECT_TRUE(eventually([&] {
    const auto all = writes();
    return std::find(all.begin(), all.end(), "create last Issued") != all.end();
  }));
  stop();
  EXPECT_LE(kube_.all(kube::kEvents).size(), 5U);
}

}  // namespace
}  // namespace apiclient::runtime
