#include "runtime/leader_elector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "election_support.h"
#include "support/eventually.h"
#include "support/fake_clock.h"
#include "support/fake_kube.h"

namespace apiclient::runtime {
namespace {

using kube::kLeases;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::eventually;
using test::FakeKube;
using test::GatedClient;
using test::kLease;
using test::options_of;
using test::unavailable;
using test::Verb;
using testing::HasSubstr;

class LeaderElectorTest : public testing::Test {
 protected:
  void put_lease(const std::string& holder) {
    kube::Lease lease{.key = kLease,
                      .holder_identity = holder,
                      .acquire_time = clock.wall_now(),
                      .renew_time = clock.wall_now(),
                      .lease_transitions = 4};
    kube.put(kLeases, kube::write_lease(lease));
  }
  /// As another replica would, by its own wall clock.
  void renew_as(const std::string& holder, WallTime at) {
    kube::Lease lease = stored();
    lease.holder_identity = holder;
    lease.renew_time = at;
    kube.put(kLeases, kube::write_lease(lease));
  }
  kube::Lease stored() { return *kube::read_lease(kube.get(kLeases, kLease)); }
  int finds() { return kube.calls(Verb::find, "leases"); }
  /// The elector has looked, and looked again.
  void let_it_look() {
    const int before = finds();
    EXPECT_TRUE(eventually([&] { return finds() >= before + 2; }));
  }
  void acquire() { ASSERT_TRUE(elector.acquire({})); }

  test::FakeClock clock;
  FakeKube kube;
  telemetry::Metrics metrics;
  LeaderElector elector{kube, options_of("me"), clock, metrics};
};

TEST_F(LeaderElectorTest, CreatesAnAbsentLease) {
  EXPECT_FALSE(elector.leading());
  EXPECT_FALSE(elector.may_write());
  acquire();
  EXPECT_TRUE(elector.leading());
  EXPECT_TRUE(elector.may_write());
  EXPECT_EQ(stored().holder_identity, "me");
  EXPECT_EQ(stored().lease_duration, seconds(15));
  EXPECT_EQ(stored().lease_transitions, 0);
  EXPECT_EQ(stored().renew_time, clock.wall_now());
  EXPECT_EQ(kube.writes().at(0).field_manager, "apiclient-operator");
  EXPECT_THAT(metrics.text(), HasSubstr("leader_election_master_status{name=\"apiclient-operator\"} 1"));
}

TEST_F(LeaderElectorTest, TakesAReleasedLeaseAndCountsTheTransition) {
  put_lease("");
  acquire();
  EXPECT_EQ(stored().holder_identity, "me");
  EXPECT_EQ(stored().lease_transitions, 5);
}

TEST_F(LeaderElectorTest, PartsOfTheLeaseThatAreNotOursAreKept) {
  put_lease("");
  Json lease = kube.get(kLeases, kLease);
  lease["metadata"]["labels"]["team"] = "blue";
  lease["spec"]["strategy"] = "OldestEmulationVersion";
  kube.put(kLeases, lease);
  acquire();
  elector.release();
  lease = kube.get(kLeases, kLease);
  EXPECT_EQ(lease["metadata"]["labels"]["team"], "blue");
  EXPECT_EQ(lease["spec"]["strategy"], "OldestEmulationVersion");
}

TEST_F(LeaderElectorTest, DeadHoldersLeaseIsTakenAfterItsDurationByOurOwnObservation) {
  put_lease("other");
  std::jthread thread([&] { acquire(); });
  let_it_look();
  clock.advance(seconds(15));
  let_it_look();
  EXPECT_FALSE(elector.leading());
  clock.advance(seconds(1));
  thread.join();
  EXPECT_EQ(stored().holder_identity, "me");
}

/// The holder's clock is a day behind or ahead: its renewals count as signs of life all the same.
TEST_F(LeaderElectorTest, HolderWithAWrongClockIsNotRobbed) {
  for (const auto offset : {-hours(24), hours(24)}) {
    put_lease("other");
    std::stop_source stop;
    std::jthread thread([&] { EXPECT_FALSE(elector.acquire(stop.get_token())); });
    for (int renewal = 0; renewal < 10; ++renewal) {
      renew_as("other", clock.wall_now() + offset);
      let_it_look();
      clock.advance(seconds(8));
    }
    EXPECT_FALSE(elector.leading());
    stop.request_stop();
    thread.join();
    EXPECT_EQ(stored().holder_identity, "other");
  }
}

TEST_F(LeaderElectorTest, StopEndsAcquireAsCancelled) {
  put_lease("other");
  std::stop_source stop;
  std::jthread thread([&] {
    const auto result = elector.acquire(stop.get_token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::cancelled);
  });
  let_it_look();
  stop.request_stop();
}

/// The retry period is an hour: only the watch can be that quick.
TEST_F(LeaderElectorTest, ReleasedOrDeletedLeaseIsTriedAtOnce) {
  const std::vector<std::function<void()>> releases = {[&] { renew_as("", clock.wall_now()); },
                                                       [&] { kube.erase(kLeases, kLease); }};
  for (const auto& release : releases) {
    put_lease("other");
    auto patient = options_of("me", hours(1));
    LeaderElector waiting(kube, patient, clock, metrics);
    const int watches = kube.calls(Verb::watch, "leases");
    const int before = finds();
    std::jthread thread([&] { EXPECT_TRUE(waiting.acquire({})); });
    EXPECT_TRUE(eventually([&] { return finds() > before && kube.calls(Verb::watch, "leases") > watches; }));
    release();
    EXPECT_TRUE(eventually([&] { return waiting.leading(); }));
    thread.join();
    EXPECT_EQ(stored().holder_identity, "me");
  }
}

TEST_F(LeaderElectorTest, ReplyThatWasLostOnTakingIsFoundOutByLooking) {
  kube.lose_reply_next(Verb::create, "leases");
  acquire();
  EXPECT_TRUE(elector.may_write());
  EXPECT_EQ(stored().holder_identity, "me");
  EXPECT_EQ(stored().lease_transitions, 0);
}

TEST_F(LeaderElectorTest, LoserOfARaceForTheLeaseWaits) {
  put_lease("");
  kube.on_write([&](const FakeKube::Write& write) {
    if (write.body["spec"]["holderIdentity"] != "me") return;
    kube.on_write({});
    renew_as("other", clock.wall_now());
  });
  std::stop_source stop;
  std::jthread thread([&] { EXPECT_FALSE(elector.acquire(stop.get_token())); });
  let_it_look();
  EXPECT_EQ(stored().holder_identity, "other");
  EXPECT_FALSE(elector.leading());
  stop.request_stop();
}

// Hold
// --------------------------------------------------------------------------------------------------------

/// Runs `hold` beside the test.
class Holding {
 public:
  explicit Holding(LeaderElector& elector)
      : thread_([this, &elector](const std::stop_token& stop) { result_ = elector.hold(stop); }) {}
  Result<void> ended() {
    thread_.join();
    return *result_;
  }
  Result<void> stopped() {
    thread_.request_stop();
    return ended();
  }

 private:
  std::optional<Result<void>> result_;
  std::jthread thread_;
};

TEST_F(LeaderElectorTest, HoldRenewsByOneWriteEach) {
  acquire();
  const int before = finds();
  Holding holding(elector);
  for (int round = 0; round < 10; ++round) {
    clock.advance(seconds(8));
    const int writes = kube.calls(Verb::replace, "leases");
    // The first may have begun before the clock moved; the third shows that the second is done.
    EXPECT_TRUE(eventually([&] { return kube.calls(Verb::replace, "leases") >= writes + 3; }));
    EXPECT_TRUE(elector.may_write());
  }
  EXPECT_TRUE(holding.stopped());
  EXPECT_TRUE(elector.leading()) << "release comes later";
  EXPECT_EQ(finds(), before) << "no read while nobody interferes";
  EXPECT_EQ(stored().lease_transitions, 0);
}

TEST_F(LeaderElectorTest, SomebodyElsesChangeOfOurLeaseDoesNotEndTheTerm) {
  acquire();
  Holding holding(elector);
  Json lease = kube.get(kLeases, kLease);
  lease["metadata"]["labels"]["team"] = "blue";
  kube.put(kLeases, lease);
  const int writes = static_cast<int>(kube.writes().size());
  EXPECT_TRUE(eventually([&] { return static_cast<int>(kube.writes().size()) > writes + 2; }));
  EXPECT_TRUE(holding.stopped());
  EXPECT_EQ(kube.get(kLeases, kLease)["metadata"]["labels"]["team"], "blue");
}

TEST_F(LeaderElectorTest, LeaseThatWasTakenByAnotherIsLostAtOnce) {
  acquire();
  renew_as("other", clock.wall_now());
  Holding holding(elector);
  const auto result = holding.ended();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("lost to \"other\""));
  EXPECT_FALSE(elector.leading());
  EXPECT_FALSE(elector.may_write());
  EXPECT_THAT(metrics.text(), HasSubstr("leader_election_master_status{name=\"apiclient-operator\"} 0"));
  EXPECT_EQ(stored().holder_identity, "other");
}

TEST_F(LeaderElectorTest, LeaseThatWasReleasedByHandIsLost) {
  acquire();
  renew_as("", clock.wall_now());
  EXPECT_FALSE(Holding(elector).ended());
  EXPECT_EQ(stored().holder_identity, "");
}

TEST_F(LeaderElectorTest, DeletedLeaseIsCreatedAgain) {
  acquire();
  kube.erase(kLeases, kLease);
  Holding holding(elector);
  EXPECT_TRUE(eventually([&] { return !kube.get(kLeases, kLease).is_null(); }));
  EXPECT_TRUE(holding.stopped());
  EXPECT_EQ(stored().holder_identity, "me");
}

TEST_F(LeaderElectorTest, FailedRenewalsAreTriedAgainUntilTheDeadline) {
  acquire();
  for (int failure = 0; failure < 5; ++failure) kube.fail_next(Verb::replace, "leases", unavailable());
  Holding holding(elector);
  EXPECT_TRUE(eventually([&] { return kube.calls(Verb::replace, "leases") > 7; }));
  EXPECT_TRUE(elector.may_write());
  EXPECT_TRUE(holding.stopped());
}

TEST_F(LeaderElectorTest, TermEndsWhenNoRenewalSucceedsByTheDeadline) {
  acquire();
  for (int failure = 0; failure < 100'000; ++failure) kube.fail_next(Verb::replace, "leases", unavailable());
  Holding holding(elector);
  EXPECT_TRUE(eventually([&] { return kube.calls(Verb::replace, "leases") > 3; }));
  clock.advance(seconds(9));
  EXPECT_TRUE(elector.may_write());
  clock.advance(seconds(1));
  EXPECT_FALSE(elector.may_write());
  const auto result = holding.ended();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("the lease was lost"));
  EXPECT_FALSE(elector.leading());
}

/// The process sleeps for twenty seconds in the middle of a renewal that the server has already carried out.
TEST_F(LeaderElectorTest, FrozenProcessMayNotWriteFromTheMomentItWakesUp) {
  GatedClient gated(kube);
  LeaderElector frozen(gated, options_of("me"), clock, metrics);
  ASSERT_TRUE(frozen.acquire({}));
  gated.open = false;
  gated.ignores_stop = true;
  Holding holding(frozen);
  EXPECT_TRUE(eventually([&] { return gated.waiting == 1; }));
  EXPECT_TRUE(frozen.may_write());
  clock.advance(seconds(20));
  EXPECT_FALSE(frozen.may_write());
  renew_as("other", clock.wall_now());
  gated.open = true;
  const auto result = holding.ended();
  ASSERT_FALSE(result);
  EXPECT_FALSE(frozen.leading());
  EXPECT_EQ(stored().holder_identity, "other");
}

/// A renewal counts from when it was sent: another replica counts from when it was seen.
TEST_F(LeaderElectorTest, SlowRenewalCountsFromItsBeginning) {
  GatedClient gated(kube);
  LeaderElector slow(gated, options_of("me"), clock, metrics);
  ASSERT_TRUE(slow.acquire({}));
  gated.open = false;
  gated.ignores_stop = true;
  Holding holding(slow);
  EXPECT_TRUE(eventually([&] { return gated.waiting == 1; }));
  clock.advance(seconds(9));
  std::atomic<bool> hold_next = true;
  kube.on_write([&](const FakeKube::Write& /*write*/) {
    if (hold_next.exchange(false)) gated.open = false;  // this one passes, the next one waits
  });
  gated.open = true;
  EXPECT_TRUE(eventually([&] { return !hold_next && gated.waiting == 1; }));
  EXPECT_TRUE(slow.may_write());
  clock.advance(seconds(1));
  EXPECT_FALSE(slow.may_write());
  gated.open = true;
  EXPECT_TRUE(eventually([&] { return slow.may_write(); }))
      << "the next renewal succeeds: nobody led in between";
  EXPECT_TRUE(holding.stopped());
}

TEST_F(LeaderElectorTest, RenewalThatHangsIsCutOffAtTheDeadline) {
  const SystemClock real;
  GatedClient gated(kube);
  auto quick = options_of("me", milliseconds(20));
  quick.renew_deadline = milliseconds(200);
  LeaderElector elector_with_deadline(gated, quick, real, metrics);
  ASSERT_TRUE(elector_with_deadline.acquire({}));
  gated.open = false;
  const auto started_at = steady_clock::now();
  EXPECT_FALSE(Holding(elector_with_deadline).ended());
  EXPECT_LT(steady_clock::now() - started_at, seconds(10));
  EXPECT_FALSE(elector_with_deadline.leading());
}

// Release
// -----------------------------------------------------------------------------------------------------

TEST_F(LeaderElectorTest, ReleaseEmptiesTheHolderAndShortensTheLease) {
  acquire();
  elector.release();
  EXPECT_EQ(stored().holder_identity, "");
  EXPECT_EQ(stored().lease_duration, seconds(1));
  EXPECT_FALSE(elector.leading());
  EXPECT_FALSE(elector.may_write());
}

TEST_F(LeaderElectorTest, ReleaseIsTriedAgainOnAConflict) {
  acquire();
  Json lease = kube.get(kLeases, kLease);
  lease["metadata"]["labels"]["team"] = "blue";
  kube.put(kLeases, lease);
  elector.release();
  EXPECT_EQ(stored().holder_identity, "");
}

TEST_F(LeaderElectorTest, ReleaseIsTriedAgainWhenTheServerIsAwayForAMoment) {
  acquire();
  kube.fail_next(Verb::replace, "leases", unavailable());
  kube.fail_next(Verb::replace, "leases", unavailable());
  kube.lose_reply_next(Verb::replace, "leases");
  elector.release();
  EXPECT_EQ(stored().holder_identity, "");
}

TEST_F(LeaderElectorTest, ReleaseLeavesAnotherHoldersLeaseAlone) {
  acquire();
  renew_as("other", clock.wall_now());
  elector.release();
  EXPECT_EQ(stored().holder_identity, "other");
}

TEST_F(LeaderElectorTest, ReleaseWithoutTheLeaseDoesNothing) {
  put_lease("other");
  elector.release();
  EXPECT_EQ(stored().holder_identity, "other");
  EXPECT_TRUE(kube.writes().empty());
}

/// As when the process is stopped the moment it acquires: what has become of the claim is not known.
class LeaderElectorStopped : public LeaderElectorTest {
 protected:
  /// The claim is carried out, but its answer does not come.
  void stop_before_the_answer(Verb verb) {
    kube.lose_reply_next(verb, "leases");
    std::stop_source stop;
    kube.on_write([&stop](const auto& /*write*/) { stop.request_stop(); });
    EXPECT_FALSE(gated_elector.acquire(stop.get_token()));
    kube.on_write({});
    ASSERT_EQ(stored().holder_identity, "me");
  }
  /// The claim does not get to the server.
  void stop_before_the_claim() {
    gated.open = false;
    {
      const std::jthread acquiring(
          [this](const std::stop_token& stop) { EXPECT_FALSE(gated_elector.acquire(stop)); });
      EXPECT_TRUE(eventually([this] { return gated.waiting > 0; }));
    }
    gated.open = true;
  }
  GatedClient gated{kube};
  LeaderElector gated_elector{gated, options_of("me"), clock, metrics};
};

TEST_F(LeaderElectorStopped, ReleasesALeaseThatItHasTakenWithoutHearingOfIt) {
  put_lease("");
  stop_before_the_answer(Verb::replace);
  gated_elector.release();
  EXPECT_EQ(stored().holder_identity, "");
}

TEST_F(LeaderElectorStopped, ReleasesALeaseThatItHasCreatedWithoutHearingOfIt) {
  stop_before_the_answer(Verb::create);
  gated_elector.release();
  EXPECT_EQ(stored().holder_identity, "");
}

TEST_F(LeaderElectorStopped, KeepsAClaimThatIsUnderWayFromBeingStored) {
  put_lease("");
  const std::string version = stored().resource_version;
  stop_before_the_claim();
  kube.fail_next(Verb::replace, "leases", unavailable());
  gated_elector.release();
  EXPECT_NE(stored().resource_version, version) << "which the claim names";
  EXPECT_EQ(stored().holder_identity, "");
}

TEST_F(LeaderElectorStopped, LeavesTheLeaseToWhoHasItInstead) {
  put_lease("");
  stop_before_the_claim();
  renew_as("other", clock.wall_now());
  kube.fail_next(Verb::replace, "leases", unavailable());
  gated_elector.release();
  EXPECT_EQ(stored().holder_identity, "other");
}

TEST_F(LeaderElectorStopped, LeavesTheLeaseToWhoWasSeenToHaveIt) {
  put_lease("");
  kube.fail_next(Verb::replace, "leases", unavailable());
  kube.on_write([this](const auto& /*write*/) { renew_as("other", clock.wall_now()); });
  {
    const std::jthread acquiring(
        [this](const std::stop_token& stop) { EXPECT_FALSE(elector.acquire(stop)); });
    let_it_look();
  }
  kube.clear_writes();
  elector.release();
  EXPECT_EQ(stored().holder_identity, "other");
  EXPECT_TRUE(kube.writes().empty());
}

TEST_F(LeaderElectorStopped, WritesNothingWhenItsClaimWasRefused) {
  LeaderElector patient(kube, options_of("me", seconds(5)), clock, metrics);
  kube.fail_next(Verb::create, "leases", test::forbidden());
  {
    const std::jthread acquiring([&](const std::stop_token& stop) { EXPECT_FALSE(patient.acquire(stop)); });
    EXPECT_TRUE(eventually([this] { return kube.calls(Verb::create, "leases") == 1; }));
  }
  patient.release();
  EXPECT_EQ(kube.calls(Verb::create, "leases"), 1);
}

TEST_F(LeaderElectorTest, ReleaseGivesUpAtTheRenewDeadline) {
  auto quick = options_of("me", milliseconds(10));
  quick.renew_deadline = milliseconds(100);
  LeaderElector impatient(kube, quick, clock, metrics);
  ASSERT_TRUE(impatient.acquire({}));
  for (int failure = 0; failure < 100'000; ++failure) kube.fail_next(Verb::replace, "leases", unavailable());
  const auto started_at = steady_clock::now();
  impatient.release();
  EXPECT_LT(steady_clock::now() - started_at, seconds(10));
  EXPECT_FALSE(impatient.leading());
}

struct OptionsRow {
  std::string name;
  std::function<void(LeaderElectorOptions&)> change;
  bool valid;
};
void PrintTo(const OptionsRow& row, std::ostream* out) { *out << row.name; }

class LeaderElectorOptionsTest : public testing::TestWithParam<OptionsRow> {};

TEST_P(LeaderElectorOptionsTest, AreChecked) {
  LeaderElectorOptions options = options_of("me", seconds(2));
  GetParam().change(options);
  const auto result = options.check();
  ASSERT_EQ(result.has_value(), GetParam().valid);
  if (!result) {
    EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, LeaderElectorOptionsTest,
    testing::Values(
        OptionsRow{"Default", [](auto& /*options*/) {}, true},
        OptionsRow{"LeaseNotLongerThanDeadline", [](auto& options) { options.lease_duration = seconds(10); },
                   false},
        OptionsRow{"DeadlineNotLongerThanJitteredRetry",
                   [](auto& options) { options.renew_deadline = milliseconds(2'400); }, false},
        OptionsRow{"DeadlineJustLongEnough",
                   [](auto& options) { options.renew_deadline = milliseconds(2'401); }, true},
        OptionsRow{"NoRetryPeriod", [](auto& options) { options.retry_period = milliseconds(0); }, false},
        OptionsRow{"NoIdentity", [](auto& options) { options.identity.clear(); }, false},
        OptionsRow{"NoLeaseName", [](auto& options) { options.lease.name.clear(); }, false},
        OptionsRow{"NoLeaseNamespace", [](auto& options) { options.lease.namespace_name.clear(); }, false}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace apiclient::runtime
