#include "runtime/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "support/eventually.h"
#include "support/fake_clock.h"

namespace apiclient::runtime {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::eventually;
using testing::HasSubstr;
using testing::Not;

const Key kWeb{.namespace_name = "team-a", .name = "web"};

Error error(ErrorKind kind) {
  return {.kind = kind, .message = "no", .retry_after = {}, .status_code = 0, .code = {}};
}

/// Does what the test says; counts passes.
class ScriptedReconciler final : public Reconciler {
 public:
  using Pass = std::function<Result<Action>(const Key& key, std::stop_token stop)>;
  explicit ScriptedReconciler(Pass pass) : pass_(std::move(pass)) {}
  Result<Action> reconcile(const Key& key, std::stop_token stop) override {
    ++passes;
    return pass_(key, std::move(stop));
  }
  std::atomic<int> passes = 0;

 private:
  Pass pass_;
};

/// The queue's clock stands still, so a key that is added with a delay stays until the test moves it.
class ControllerTest : public testing::Test {
 protected:
  /// One pass over one key; then everything is stopped.
  void pass_once(ScriptedReconciler::Pass pass) {
    ScriptedReconciler reconciler(std::move(pass));
    Controller controller(options, queue, reconciler, metrics);
    queue.add(kWeb);
    std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(controller.run(stop)); });
    EXPECT_TRUE(eventually([&] { return reconciler.passes == 1 && queue.idle(); }));
  }
  /// Due within this time, but not at once.
  bool due_within(std::chrono::nanoseconds time) {
    if (queue.depth() != 0) return false;
    clock.advance(time);
    return queue.depth() == 1;
  }
  std::string total(const std::string& result, int count) {
    return "controller_runtime_reconcile_total{controller=\"things\",result=\"" + result + "\"} " +
           std::to_string(count);
  }

  ControllerOptions options{
      .name = "things", .workers = 2, .backoff = {.initial = seconds(1), .cap = hours(1), .jitter = 0.0}};
  test::FakeClock clock;
  WorkQueue queue{clock};
  telemetry::Metrics metrics;
};

TEST_F(ControllerTest, SuccessThatAwaitsAChangeIsNotQueuedAgain) {
  pass_once([](const Key& key, const std::stop_token& /*stop*/) -> Result<Action> {
    EXPECT_EQ(key, kWeb);
    return Action::await_change();
  });
  EXPECT_FALSE(due_within(hours(1'000)));
  EXPECT_THAT(metrics.text(), HasSubstr(total("success", 1)));
}

TEST_F(ControllerTest, RequeueAfterIsQueuedForThen) {
  pass_once([](const Key& /*key*/, const std::stop_token& /*stop*/) -> Result<Action> {
    return Action::requeue_after(minutes(10));
  });
  EXPECT_FALSE(due_within(minutes(10) - milliseconds(1)));
  EXPECT_TRUE(due_within(milliseconds(1)));
  EXPECT_THAT(metrics.text(), HasSubstr(total("requeue_after", 1)));
}

TEST_F(ControllerTest, LateRequeueIsUpkeepAndSoonOneIsNot) {
  ScriptedReconciler reconciler([](const Key& key, const std::stop_token& /*stop*/) -> Result<Action> {
    return Action::requeue_after(key.name == "late" ? minutes(1) : milliseconds(59'999));
  });
  {
    Controller controller(options, queue, reconciler, metrics);
    queue.add({.namespace_name = "team-a", .name = "late"});
    queue.add({.namespace_name = "team-a", .name = "soon"});
    std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(controller.run(stop)); });
    EXPECT_TRUE(eventually([&] { return reconciler.passes == 2 && queue.idle(); }));
  }
  queue.add_after({.namespace_name = "team-a", .name = "live"}, minutes(2));
  clock.advance(minutes(2));
  std::vector<std::string> order;
  for (int taken = 0; taken < 3; ++taken) order.push_back(queue.take({})->name);
  EXPECT_THAT(order, testing::ElementsAre("soon", "live", "late"));
}

struct FailureRow {
  std::string name;
  Error error;
  std::optional<milliseconds> again_after;
};
void PrintTo(const FailureRow& row, std::ostream* out) { *out << row.name; }

class ControllerFailureTest : public ControllerTest, public testing::WithParamInterface<FailureRow> {};

TEST_P(ControllerFailureTest, IsHandledByItsKind) {
  const FailureRow& row = GetParam();
  pass_once(
      [&](const Key& /*key*/, const std::stop_token& /*stop*/) -> Result<Action> { return fail(row.error); });
  EXPECT_THAT(metrics.text(), HasSubstr(total("error", 1)));
  if (!row.again_after) {
    EXPECT_FALSE(due_within(hours(1'000)));
    return;
  }
  EXPECT_FALSE(due_within(*row.again_after - milliseconds(1)));
  EXPECT_TRUE(due_within(milliseconds(1)));
}

FailureRow asked(std::string name, ErrorKind kind, milliseconds retry_after, milliseconds again_after) {
  Error with_wish = error(kind);
  with_wish.retry_after = retry_after;
  return {std::move(name), with_wish, again_after};
}

INSTANTIATE_TEST_SUITE_P(Kinds, ControllerFailureTest,
                         testing::Values(FailureRow{"Unavailable", error(ErrorKind::unavailable), seconds(1)},
                                         FailureRow{"Conflict", error(ErrorKind::conflict), seconds(1)},
                                         FailureRow{"LeaseLost", error(ErrorKind::cancelled), seconds(1)},
                                         FailureRow{"Invalid", error(ErrorKind::invalid), std::nullopt},
                                         asked("ThrottledForLonger", ErrorKind::throttled, seconds(30),
                                               seconds(30)),
                                         asked("ThrottledForLessThanTheBackOff", ErrorKind::throttled,
                                               milliseconds(10), seconds(1))),
                         [](const auto& row) { return row.param.name; });

TEST_F(ControllerTest, FailuresInARowBackOffAndASuccessForgetsThem) {
  std::atomic<bool> fails = true;
  ScriptedReconciler reconciler([&](const Key& /*key*/, const std::stop_token& /*stop*/) -> Result<Action> {
    if (fails) return fail(error(ErrorKind::unavailable));
    return Action::await_change();
  });
  options.backoff.initial = milliseconds(20);
  Controller controller(options, queue, reconciler, metrics);
  std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(controller.run(stop)); });
  const auto expect_pass = [&](const std::function<void()>& cause) {
    const int before = reconciler.passes;
    cause();
    EXPECT_TRUE(eventually([&] { return reconciler.passes == before + 1 && queue.idle(); }));
  };
  const auto expect_pass_after = [&](milliseconds delay) {
    clock.advance(delay - milliseconds(1));
    EXPECT_EQ(queue.depth(), 0U);
    expect_pass([&] { clock.advance(milliseconds(1)); });
  };
  expect_pass([&] { queue.add(kWeb); });
  expect_pass_after(milliseconds(20));
  expect_pass_after(milliseconds(40));
  fails = false;
  expect_pass_after(milliseconds(80));
  fails = true;
  expect_pass([&] { queue.add(kWeb); });
  expect_pass_after(milliseconds(20));
}

TEST_F(ControllerTest, ExceptionIsCountedAndRetriedLikeAnError) {
  pass_once([](const Key& /*key*/, const std::stop_token& /*stop*/) -> Result<Action> {
    throw std::runtime_error("surprise");
  });
  EXPECT_TRUE(due_within(seconds(1)));
  EXPECT_THAT(metrics.text(),
              HasSubstr("controller_runtime_reconcile_panics_total{controller=\"things\"} 1"));
  EXPECT_THAT(metrics.text(), HasSubstr(total("error", 1)));
}

TEST_F(ControllerTest, ThrownThingThatIsNoExceptionDoesNotEndTheProcess) {
  pass_once([](const Key& /*key*/, const std::stop_token& /*stop*/) -> Result<Action> { throw 7; });
  EXPECT_TRUE(due_within(seconds(1)));
}

TEST_F(ControllerTest, StopEndsThePassAndAPassThatWasCancelledLeavesNoTrace) {
  std::atomic<bool> running = false;
  ScriptedReconciler reconciler([&](const Key& /*key*/, const std::stop_token& stop) -> Result<Action> {
    running = true;
    EXPECT_TRUE(eventually([&] { return stop.stop_requested(); }));
    return fail(error(ErrorKind::cancelled));
  });
  Controller controller(options, queue, reconciler, metrics);
  queue.add(kWeb);
  {
    std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(controller.run(stop)); });
    EXPECT_TRUE(eventually([&] { return running.load(); }));
  }
  EXPECT_EQ(reconciler.passes, 1);
  EXPECT_FALSE(due_within(hours(1'000)));
  EXPECT_THAT(metrics.text(), HasSubstr("result=\"error\"} 0"));
}

TEST_F(ControllerTest, PassThatSucceedsDuringTheStopIsSettled) {
  std::atomic<bool> running = false;
  ScriptedReconciler reconciler([&](const Key& /*key*/, const std::stop_token& stop) -> Result<Action> {
    running = true;
    EXPECT_TRUE(eventually([&] { return stop.stop_requested(); }));
    return Action::await_change();
  });
  Controller controller(options, queue, reconciler, metrics);
  queue.add(kWeb);
  {
    std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(controller.run(stop)); });
    EXPECT_TRUE(eventually([&] { return running.load(); }));
  }
  EXPECT_THAT(metrics.text(), HasSubstr(total("success", 1)));
}

TEST_F(ControllerTest, WorkersWorkAtOnceButNeverTwiceOnOneKey) {
  options.workers = 4;
  std::mutex mutex;
  std::map<std::string, int> running;
  int most_at_once = 0;
  bool twice = false;
  std::atomic<int> finished = 0;
  ScriptedReconciler reconciler([&](const Key& key, const std::stop_token& /*stop*/) -> Result<Action> {
    {
      const std::scoped_lock lock(mutex);
      twice = twice || ++running[key.name] > 1;
      most_at_once = std::max(most_at_once, static_cast<int>(running.size()));
    }
    queue.add(key);  // changes again while it is being worked on
    EXPECT_TRUE(eventually([&] {
      const std::scoped_lock lock(mutex);
      return most_at_once == 4;
    }));
    const std::scoped_lock lock(mutex);
    running.erase(key.name);
    ++finished;
    return Action::await_change();
  });
  Controller controller(options, queue, reconciler, metrics);
  for (const char* name : {"a", "b", "c", "d"}) queue.add({.namespace_name = "team-a", .name = name});
  {
    std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(controller.run(stop)); });
    EXPECT_TRUE(eventually([&] { return finished >= 50; }));
  }
  EXPECT_FALSE(twice);
}

TEST_F(ControllerTest, BusyWorkersAndRetriesAreMetrics) {
  std::atomic<bool> go_on = false;
  ScriptedReconciler reconciler([&](const Key& /*key*/, const std::stop_token& /*stop*/) -> Result<Action> {
    EXPECT_TRUE(eventually([&] { return go_on.load(); }));
    return fail(error(ErrorKind::unavailable));
  });
  Controller controller(options, queue, reconciler, metrics);
  queue.add({.namespace_name = "team-a", .name = "a"});
  const auto shows = [&](const std::string& line) { return metrics.text().find(line) != std::string::npos; };
  std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(controller.run(stop)); });
  EXPECT_TRUE(
      eventually([&] { return shows("controller_runtime_active_workers{controller=\"things\"} 1"); }));
  go_on = true;
  EXPECT_TRUE(eventually([&] { return shows("workqueue_retries_total{name=\"things\"} 1"); }));
  EXPECT_TRUE(shows("controller_runtime_active_workers{controller=\"things\"} 0"));
  EXPECT_TRUE(shows("workqueue_work_duration_seconds_count{name=\"things\"} 1"));
  EXPECT_TRUE(shows("workqueue_queue_duration_seconds_count{name=\"things\"} 1"));
}

TEST_F(ControllerTest, DepthOfTheQueueIsAMetric) {
  std::atomic<bool> go_on = false;
  options.workers = 1;
  ScriptedReconciler reconciler([&](const Key& /*key*/, const std::stop_token& /*stop*/) -> Result<Action> {
    EXPECT_TRUE(eventually([&] { return go_on.load(); }));
    return Action::await_change();
  });
  Controller controller(options, queue, reconciler, metrics);
  for (const char* name : {"a", "b", "c"}) queue.add({.namespace_name = "team-a", .name = name});
  const auto shows = [&](const std::string& depth) {
    controller.report_queue();
    return metrics.text().find("workqueue_depth{name=\"things\"} " + depth) != std::string::npos;
  };
  std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(controller.run(stop)); });
  EXPECT_TRUE(eventually([&] { return shows("2"); }));
  go_on = true;
  EXPECT_TRUE(eventually([&] { return shows("0"); }));
}

}  // namespace
}  // namespace apiclient::runtime
