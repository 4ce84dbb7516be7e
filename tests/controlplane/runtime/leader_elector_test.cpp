// Two replicas and a real API server.

#include "runtime/leader_elector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <thread>

#include "controlplane/kube/cluster.h"
#include "controlplane/runtime/server_control.h"
#include "support/eventually.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using runtime::LeaderElector;
using runtime::LeaderElectorOptions;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// A replica with its own connections.
struct Replica {
  explicit Replica(LeaderElectorOptions options)
      : elector(identity.client(), std::move(options), clock, metrics) {}
  SystemClock clock;
  telemetry::Metrics metrics;
  Identity identity{admin_config()};
  LeaderElector elector;
};

class LeaderElectorTest : public ClusterTest {
 protected:
  LeaderElectorOptions options(const std::string& identity) {
    return {.lease = key("leader"), .identity = identity};
  }
};

TEST_F(LeaderElectorTest, HandsOverWithinTwoSecondsAndNeverOverlaps) {
  Replica first(options("first"));
  Replica second(options("second"));
  std::atomic<bool> overlap = false;
  const std::jthread observer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (first.elector.may_write() && second.elector.may_write() && first.elector.may_write())
        overlap = true;
      std::this_thread::yield();
    }
  });
  ASSERT_THAT(first.elector.acquire({}), is_ok());
  std::vector<milliseconds> hand_overs;
  Replica* leader = &first;
  Replica* follower = &second;
  for (int round = 0; round < 6; ++round) {
    std::jthread holding(
        [&](const std::stop_token& stop) { EXPECT_THAT(leader->elector.hold(stop), is_ok()); });
    steady_clock::time_point acquired_at;
    std::jthread acquiring([&] {
      EXPECT_THAT(follower->elector.acquire({}), is_ok());
      acquired_at = steady_clock::now();
    });
    // The follower has seen the lease, and the leader has renewed it.
    const std::string version = version_of(found(kube::kLeases, key("leader")));
    EXPECT_TRUE(eventually([&] { return version_of(found(kube::kLeases, key("leader"))) != version; }));
    EXPECT_TRUE(leader->elector.may_write());
    EXPECT_FALSE(follower->elector.leading());
    holding.request_stop();
    holding.join();
    const auto stopped_at = steady_clock::now();
    leader->elector.release();
    acquiring.join();
    hand_overs.push_back(std::chrono::duration_cast<milliseconds>(acquired_at - stopped_at));
    EXPECT_LT(hand_overs.back(), seconds(2));
    std::swap(leader, follower);
  }
  EXPECT_FALSE(overlap);
  EXPECT_EQ(found(kube::kLeases, key("leader"))["spec"]["leaseTransitions"], 6);
  std::sort(hand_overs.begin(), hand_overs.end());
  std::cout << "hand-over: median " << hand_overs[hand_overs.size() / 2].count() << " ms, longest "
            << hand_overs.back().count() << " ms\n";
}

TEST_F(LeaderElectorTest, LeaseOfADeadReplicaIsTakenAfterItsDuration) {
  auto quick = [this](const std::string& identity) {
    auto all = options(identity);
    all.lease_duration = seconds(3);
    all.renew_deadline = seconds(2);
    all.retry_period = milliseconds(300);
    return all;
  };
  Replica dead(quick("dead"));
  ASSERT_THAT(dead.elector.acquire({}), is_ok());
  Replica heir(quick("heir"));
  const auto begin = steady_clock::now();
  ASSERT_THAT(heir.elector.acquire({}), is_ok());
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  EXPECT_GE(took, seconds(3));
  EXPECT_LT(took, seconds(6));
  EXPECT_FALSE(dead.elector.may_write());
  EXPECT_THAT(dead.elector.hold({}), has_error(ErrorKind::timeout));
}

/// The server accepts connections and answers nothing. The client's own time-out is 30 s here.
TEST_F(LeaderElectorTest, TermEndsInTimeWhenTheServerHangs) {
  auto quick = options("first");
  quick.lease_duration = seconds(4);
  quick.renew_deadline = seconds(3);
  quick.retry_period = milliseconds(300);
  Replica replica(quick);
  ASSERT_THAT(replica.elector.acquire({}), is_ok());
  pause_server();
  const auto begin = steady_clock::now();
  const auto result = replica.elector.hold({});
  const auto took = steady_clock::now() - begin;
  EXPECT_FALSE(replica.elector.leading());
  resume_server();
  EXPECT_FALSE(result);
  EXPECT_LT(took, seconds(5));
}

}  // namespace
}  // namespace apiclient::test
