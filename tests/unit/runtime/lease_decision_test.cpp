#include "runtime/lease_decision.h"

#include <gtest/gtest.h>

#include <ostream>

namespace apiclient::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

BootTime at(int second) { return BootTime(seconds(second)); }
WallTime wall(int second) { return WallTime(seconds(second)); }

kube::Lease lease_of(const std::string& holder) {
  return {.key = {.namespace_name = "operators", .name = "leader"},
          .uid = "u1",
          .resource_version = "7",
          .holder_identity = holder,
          .lease_duration = seconds(15),
          .acquire_time = wall(10),
          .renew_time = wall(20),
          .lease_transitions = 3};
}

struct DecideRow {
  std::string name;
  std::optional<std::string> holder;  ///< no value: the lease does not exist
  int seconds_since_change;
  LeaseMove move;
};
void PrintTo(const DecideRow& row, std::ostream* out) { *out << row.name; }

class DecideTest : public testing::TestWithParam<DecideRow> {};

TEST_P(DecideTest, FollowsWhatWasSeen) {
  const DecideRow& row = GetParam();
  std::optional<LeaseSighting> seen;
  if (row.holder) seen = LeaseSighting{lease_of(*row.holder), at(100)};
  EXPECT_EQ(decide(seen, "me", at(100 + row.seconds_since_change)), row.move);
}

INSTANTIATE_TEST_SUITE_P(Leases, DecideTest,
                         testing::Values(DecideRow{"Absent", {}, 0, LeaseMove::create},
                                         DecideRow{"Mine", "me", 1, LeaseMove::renew},
                                         DecideRow{"MineAndLongExpired", "me", 100, LeaseMove::renew},
                                         DecideRow{"Released", "", 0, LeaseMove::take},
                                         DecideRow{"JustRenewedByAnother", "other", 0, LeaseMove::wait},
                                         DecideRow{"AboutToExpire", "other", 15, LeaseMove::wait},
                                         DecideRow{"Expired", "other", 16, LeaseMove::take}),
                         [](const auto& row) { return row.param.name; });

TEST(Decide, DurationIsTheOneInTheRecordOfTheHolder) {
  LeaseSighting seen{lease_of("other"), at(100)};
  seen.lease.lease_duration = seconds(60);
  EXPECT_EQ(decide(seen, "me", at(150)), LeaseMove::wait);
  EXPECT_EQ(decide(seen, "me", at(161)), LeaseMove::take);
}

TEST(Decide, TimesInTheRecordDoNotMatter) {
  for (const int renewed_at : {0, 2'000'000'000}) {
    LeaseSighting seen{lease_of("other"), at(100)};
    seen.lease.renew_time = wall(renewed_at);
    EXPECT_EQ(decide(seen, "me", at(114)), LeaseMove::wait) << renewed_at;
    EXPECT_EQ(decide(seen, "me", at(116)), LeaseMove::take) << renewed_at;
  }
}

TEST(Sight, OnlyAChangeOfTheRecordIsASignOfLife) {
  const LeaseSighting first = sight(std::nullopt, lease_of("other"), at(100));
  EXPECT_EQ(first.changed_at, at(100));

  kube::Lease labelled = lease_of("other");
  labelled.resource_version = "8";
  const LeaseSighting same = sight(first, labelled, at(110));
  EXPECT_EQ(same.changed_at, at(100));
  EXPECT_EQ(same.lease.resource_version, "8") << "the version is needed for the next write";

  kube::Lease renewed = labelled;
  renewed.renew_time += milliseconds(1);
  EXPECT_EQ(sight(same, renewed, at(111)).changed_at, at(111));
  kube::Lease recreated = labelled;
  recreated.uid = "u2";
  EXPECT_EQ(sight(same, recreated, at(112)).changed_at, at(112));
}

TEST(NextLease, TakeIsATransitionAndRenewKeepsTheStart) {
  const LeaseClaim claim{"me", milliseconds(15'000), wall(99)};
  const kube::Lease taken = next_lease(lease_of("other"), LeaseMove::take, claim);
  EXPECT_EQ(taken.holder_identity, "me");
  EXPECT_EQ(taken.lease_transitions, 4);
  EXPECT_EQ(taken.acquire_time, wall(99));
  EXPECT_EQ(taken.renew_time, wall(99));
  EXPECT_EQ(taken.resource_version, "7");

  const kube::Lease renewed = next_lease(lease_of("me"), LeaseMove::renew, claim);
  EXPECT_EQ(renewed.lease_transitions, 3);
  EXPECT_EQ(renewed.acquire_time, wall(10));
  EXPECT_EQ(renewed.renew_time, wall(99));

  EXPECT_EQ(next_lease(kube::Lease{}, LeaseMove::create, claim).lease_transitions, 0);
}

TEST(NextLease, PartsOfASecondAreRoundedUp) {
  const LeaseClaim claim{"me", milliseconds(1'001), wall(99)};
  EXPECT_EQ(next_lease(kube::Lease{}, LeaseMove::create, claim).lease_duration, seconds(2));
}

TEST(ReleasedLease, HasNoHolderAndTheShortestDuration) {
  const kube::Lease released = released_lease(lease_of("me"), wall(99));
  EXPECT_EQ(released.holder_identity, "");
  EXPECT_EQ(released.lease_duration, seconds(1));
  EXPECT_EQ(released.lease_transitions, 3);
  EXPECT_EQ(released.resource_version, "7");
}

TEST(MayWrite, EndsWithTheRenewDeadline) {
  EXPECT_TRUE(may_write(at(100), seconds(10), at(100)));
  EXPECT_TRUE(may_write(at(100), seconds(10), at(110) - milliseconds(1)));
  EXPECT_FALSE(may_write(at(100), seconds(10), at(110)));
  EXPECT_FALSE(may_write(at(100), seconds(10), at(120)));
}

}  // namespace
}  // namespace apiclient::runtime
