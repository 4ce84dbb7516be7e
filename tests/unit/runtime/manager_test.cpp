#include "runtime/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "runtime/pause.h"
#include "support/eventually.h"
#include "support/fake_clock.h"
#include "support/fake_kube.h"

namespace apiclient::runtime {
namespace {

using std::chrono::milliseconds;
using test::eventually;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// What happened, in order, from any thread.
class Diary {
 public:
  void note(const std::string& line) {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(line);
  }
  std::vector<std::string> lines() {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  bool has(const std::string& line) {
    const auto all = lines();
    return std::find(all.begin(), all.end(), line) != all.end();
  }
  std::ptrdiff_t position(const std::string& line) {
    const auto all = lines();
    return std::find(all.begin(), all.end(), line) - all.begin();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Runs until stop, or ends by itself when told to. Also a cache.
class Part final : public Runnable, public Syncable {
 public:
  Part(std::string name, Diary& diary) : name_(std::move(name)), diary_(diary) {}

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] bool has_synced() const override { return synced; }
  Result<void> run(std::stop_token stop) override {
    given = stop;
    diary_.note("start " + name_);
    while (!stop.stop_requested() && !ends) pause(milliseconds(1), stop);
    if (throws) throw std::runtime_error("surprise");
    if (before_end) before_end();
    diary_.note("end " + name_);
    return result;
  }

  std::atomic<bool> synced = true;
  std::atomic<bool> ends = false;
  std::atomic<bool> throws = false;
  std::function<void()> before_end;  ///< set before run
  std::stop_token given;             ///< to run; read it after "start" was noted
  Result<void> result;               ///< set before run

 private:
  std::string name_;
  Diary& diary_;
};

class ManagerTest : public testing::Test {
 protected:
  std::jthread start(Manager& manager) {
    return std::jthread([&](const std::stop_token& stop) { result = manager.run(stop); });
  }

  Diary diary;
  Part server{"server", diary};
  Part informer{"informer", diary};
  Part controller{"controller", diary};
  Part other{"other", diary};
  std::optional<Result<void>> result;  ///< read it when the thread has ended
};

TEST_F(ManagerTest, WaitsForCachesAndStopsInReverseOrder) {
  informer.synced = false;
  Manager manager({}, nullptr);
  manager.add_always(server);
  manager.add_cache(informer, informer);
  manager.add_leading(controller);
  {
    const auto thread = start(manager);
    EXPECT_TRUE(eventually([&] { return diary.has("start server") && diary.has("start informer"); }));
    EXPECT_FALSE(manager.caches_synced());
    EXPECT_FALSE(diary.has("start controller"));
    informer.synced = true;
    EXPECT_TRUE(eventually([&] { return diary.has("start controller"); }));
    EXPECT_TRUE(manager.caches_synced());
  }
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(*result);
  const auto lines = diary.lines();
  EXPECT_THAT(std::vector(lines.end() - 3, lines.end()),
              ElementsAre("end controller", "end informer", "end server"));
}

TEST_F(ManagerTest, CachesThatAreNotCompleteInTimeFailTheProgram) {
  informer.synced = false;
  Manager manager({.sync_timeout = milliseconds(30)}, nullptr);
  manager.add_cache(server, server);
  manager.add_cache(informer, informer);
  manager.add_leading(controller);
  start(manager).join();
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().kind, ErrorKind::timeout);
  EXPECT_THAT(result->error().message, testing::EndsWith("in time: informer"));
  EXPECT_FALSE(diary.has("start controller"));
  EXPECT_TRUE(diary.has("end server"));
}

TEST_F(ManagerTest, StopWhileWaitingForCachesIsASuccess) {
  informer.synced = false;
  Manager manager({}, nullptr);
  manager.add_cache(informer, informer);
  manager.add_leading(controller);
  {
    const auto thread = start(manager);
    EXPECT_TRUE(eventually([&] { return diary.has("start informer"); }));
  }
  EXPECT_TRUE(*result);
  EXPECT_THAT(diary.lines(), ElementsAre("start informer", "end informer"));
}

struct EndRow {
  std::string name;
  std::function<void(Part&)> end;
  ErrorKind kind;
  std::string message;
};
void PrintTo(const EndRow& row, std::ostream* out) { *out << row.name; }

class ManagerEarlyEndTest : public ManagerTest, public testing::WithParamInterface<EndRow> {
 protected:
  void expect_end_by(Part& part) {
    Manager manager({}, nullptr);
    manager.add_always(server);
    manager.add_cache(informer, informer);
    manager.add_leading(controller);
    manager.add_leading(other);
    {
      auto thread = start(manager);
      EXPECT_TRUE(eventually([&] { return diary.has("start controller") && diary.has("start other"); }));
      GetParam().end(part);
      thread.join();
    }
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().kind, GetParam().kind);
    EXPECT_EQ(result->error().message, part.name() + ": " + GetParam().message);
    for (Part* rest : {&server, &informer, &controller, &other}) {
      EXPECT_TRUE(rest == &part || diary.has("end " + rest->name())) << rest->name();
    }
  }
};

TEST_P(ManagerEarlyEndTest, OfAControllerStopsEverything) { expect_end_by(controller); }
TEST_P(ManagerEarlyEndTest, OfAServerStopsEverything) { expect_end_by(server); }

INSTANTIATE_TEST_SUITE_P(Ends, ManagerEarlyEndTest,
                         testing::Values(EndRow{"WithoutAnError", [](Part& part) { part.ends = true; },
                                                ErrorKind::internal, "ended without being asked to"},
                                         EndRow{"WithAnException",
                                                [](Part& part) {
                                                  part.throws = true;
                                                  part.ends = true;
                                                },
                                                ErrorKind::internal, "unexpected exception: surprise"}),
                         [](const auto& row) { return row.param.name; });

TEST_F(ManagerTest, EarlyErrorBecomesTheResult) {
  server.ends = true;
  server.result = fail(ErrorKind::unavailable, "address in use");
  Manager manager({}, nullptr);
  manager.add_always(server);
  start(manager).join();
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().kind, ErrorKind::unavailable);
  EXPECT_EQ(result->error().message, "server: address in use");
}

TEST_F(ManagerTest, ErrorOfAStopThatWasAskedForDoesNotCount) {
  controller.result = fail(ErrorKind::unavailable, "could not close");
  Manager manager({}, nullptr);
  manager.add_leading(controller);
  {
    const auto thread = start(manager);
    EXPECT_TRUE(eventually([&] { return diary.has("start controller"); }));
  }
  EXPECT_TRUE(*result);
}

class ManagerWithElectionTest : public ManagerTest {
 protected:
  ManagerWithElectionTest() {
    kube.on_write([this](const test::FakeKube::Write& write) {
      diary.note("lease of \"" + write.body["spec"]["holderIdentity"].get<std::string>() + "\"");
    });
  }
  const kube::ObjectKey lease{.namespace_name = "operators", .name = "leader"};
  test::FakeClock clock;
  test::FakeKube kube;
  telemetry::Metrics metrics;
  LeaderElector elector{kube,
                        {.lease = lease,
                         .identity = "me",
                         .lease_duration = std::chrono::seconds(15),
                         .renew_deadline = std::chrono::seconds(10),
                         .retry_period = milliseconds(5)},
                        clock,
                        metrics};
};

TEST_F(ManagerWithElectionTest, LeaseIsReleasedAfterControllersAndBeforeServersEnd) {
  std::atomic<bool> led_until_the_end = false;
  controller.before_end = [&] {
    const int renewals = kube.calls(test::Verb::replace, "leases");
    EXPECT_TRUE(eventually([&] { return kube.calls(test::Verb::replace, "leases") > renewals + 2; }))
        << "the lease is renewed while controllers end";
    led_until_the_end = elector.may_write();
  };
  Manager manager({}, &elector);
  manager.add_always(server);
  manager.add_leading(controller);
  {
    const auto thread = start(manager);
    EXPECT_TRUE(eventually([&] { return diary.has("start controller"); }));
  }
  EXPECT_TRUE(*result);
  EXPECT_TRUE(led_until_the_end);
  EXPECT_LT(diary.position("lease of \"me\""), diary.position("start controller"));
  EXPECT_LT(diary.position("end controller"), diary.position("lease of \"\""));
  EXPECT_LT(diary.position("lease of \"\""), diary.position("end server"));
  EXPECT_EQ(kube.get(kube::kLeases, lease)["spec"]["holderIdentity"], "");
}

TEST_F(ManagerWithElectionTest, AHelperIsAskedToEndAfterTheControllersAndBeforeTheLeaseIsReleased) {
  std::atomic<bool> asked_too_early = false;
  controller.before_end = [&] { asked_too_early = other.given.stop_requested(); };
  Manager manager({}, &elector);
  manager.add_leading_helper(other);
  manager.add_leading(controller);
  {
    const auto thread = start(manager);
    EXPECT_TRUE(eventually([&] { return diary.has("start other") && diary.has("start controller"); }));
  }
  EXPECT_TRUE(*result);
  EXPECT_FALSE(asked_too_early);
  EXPECT_LT(diary.position("end controller"), diary.position("end other"));
  EXPECT_LT(diary.position("end other"), diary.position("lease of \"\""));
}

TEST_F(ManagerWithElectionTest, FollowerHasCompleteCachesAndRunsNoController) {
  kube::Lease held{.key = lease, .holder_identity = "other", .renew_time = clock.wall_now()};
  kube.put(kube::kLeases, kube::write_lease(held));
  Manager manager({}, &elector);
  manager.add_cache(informer, informer);
  manager.add_leading(controller);
  {
    const auto thread = start(manager);
    EXPECT_TRUE(eventually([&] { return kube.calls(test::Verb::find, "leases") > 3; }));
    EXPECT_TRUE(manager.caches_synced());
  }
  EXPECT_TRUE(*result);
  EXPECT_THAT(diary.lines(), ElementsAre("start informer", "end informer"));
  EXPECT_EQ(kube.get(kube::kLeases, lease)["spec"]["holderIdentity"], "other");
}

TEST_F(ManagerWithElectionTest, ALeaseThatIsAcquiredAsItStopsIsGivenBack) {
  kube.lose_reply_next(test::Verb::create, "leases");
  std::stop_source stop;
  kube.on_write([&stop](const auto& /*write*/) { stop.request_stop(); });
  Manager manager({}, &elector);
  manager.add_leading(controller);
  EXPECT_TRUE(manager.run(stop.get_token()));
  EXPECT_FALSE(diary.has("start controller"));
  EXPECT_EQ(kube.get(kube::kLeases, lease)["spec"]["holderIdentity"], "");
}

TEST_F(ManagerWithElectionTest, LostLeaseStopsTheControllersAndIsTheResult) {
  Manager manager({}, &elector);
  manager.add_always(server);
  manager.add_leading(controller);
  {
    auto thread = start(manager);
    EXPECT_TRUE(eventually([&] { return diary.has("start controller"); }));
    kube::Lease stolen{.key = lease, .holder_identity = "other", .renew_time = clock.wall_now()};
    kube.put(kube::kLeases, kube::write_lease(stolen));
    thread.join();
  }
  ASSERT_FALSE(*result);
  EXPECT_THAT(result->error().message, HasSubstr("leader elector: the lease was lost to \"other\""));
  EXPECT_TRUE(diary.has("end controller"));
  EXPECT_TRUE(diary.has("end server"));
  EXPECT_THAT(diary.lines(), Not(Contains("lease of \"\""))) << "what is not ours is not released";
  EXPECT_FALSE(elector.may_write());
}

}  // namespace
}  // namespace apiclient::runtime
