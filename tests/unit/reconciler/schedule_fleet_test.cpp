// Planned rotations of many clients: never too many at once, never all together.
#include <algorithm>
#include <functional>
#include <optional>

#include "base/rfc3339.h"
#include "unit/reconciler/fleet.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::Fleet;
using test::kRotationSlots;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Le;

constexpr int kClients = 500;
/// Their time comes by night, and the window opens for all of them at once.
const Json kNightly{
    {"rotation", {{"interval", "20h"}, {"windows", {{{"opens", "0 4 * * *"}, {"duration", "2h"}}}}}}};
const Json kDaily{{"rotation", {{"interval", "24h"}}}};

class ScheduleFleet : public ::testing::Test {
 protected:
  /// A registry that is never compared with: what happens here happens by schedule.
  test::World world_{test::a_registry().with_spec({{"resyncInterval", "0s"}})};

  void SetUp() override {
    world_.kube.on_write([this](const test::FakeKube::Write& write) { see(write); });
  }

  WallTime now() const { return world_.clock.wall_now(); }

  /// When each secret after the first was published.
  std::vector<WallTime> rotations_;

 private:
  void see(const test::FakeKube::Write& write) {
    if (write.verb == test::Verb::replace && write.resource == "secrets") rotations_.push_back(now());
  }
};

TEST_F(ScheduleFleet, NoMoreAreUnderWayThanThereAreSlots) {
  Fleet fleet(world_, kClients, kNightly);
  fleet.run_for(1s);
  world_.clock.advance(*fleet.status(fleet.keys().front()).rotation.next_time - now() + 1s);
  std::size_t next = 0;
  std::size_t under_way = 0;
  std::size_t most = 0;
  // While one is at the registry, the next one begins.
  const std::function<void()> begin = [&] {
    most = std::max(most, ++under_way);
    world_.checkpoints.act_at("before add-credential", begin);
    if (next < fleet.keys().size()) (void)world_.pass_alone(fleet.keys()[next++]);
    --under_way;
  };
  while (next < fleet.keys().size()) {
    world_.checkpoints.act_at("before add-credential", begin);
    (void)world_.pass_alone(fleet.keys()[next++]);
  }
  EXPECT_EQ(most, kRotationSlots);
  EXPECT_LT(rotations_.size(), fleet.keys().size()) << "somebody had to stand in line";
  world_.checkpoints.act_at("", nullptr);
  fleet.run_for(1min);
  EXPECT_EQ(rotations_.size(), fleet.keys().size()) << "everybody had a turn";
}

/// The Deployment that all of them restart.
class ConsumerFleet : public ScheduleFleet {
 protected:
  void SetUp() override {
    ScheduleFleet::SetUp();
    deploy(Json::object());
    Json spec = kNightly;
    spec["restartTargets"] = {{{"kind", "Deployment"}, {"name", "web"}}};
    fleet_.emplace(world_, 3 * static_cast<int>(kRotationSlots), spec);
    fleet_->run_for(1s);
    world_.clock.advance(*fleet_->status(fleet_->keys().front()).rotation.next_time - now() + 1s);
  }
  void deploy(const Json& spec) {
    world_.kube.put(kube::kDeployments,
                    {{"metadata", {{"namespace", test::kNamespace}, {"name", "web"}}}, {"spec", spec}});
  }
  /// As its controller says when it has seen the newest template.
  void roll_out(int updated) {
    Json web = world_.kube.get(kube::kDeployments, {test::kNamespace, "web"});
    web["status"] = {{"observedGeneration", web["metadata"]["generation"]},
                     {"replicas", 1},
                     {"updatedReplicas", updated},
                     {"availableReplicas", 1}};
    world_.kube.put(kube::kDeployments, web);
  }

  std::optional<Fleet> fleet_;
};

TEST_F(ConsumerFleet, ARollOutThatGoesOnKeepsItsSlot) {
  fleet_->run_for(10min);
  ASSERT_EQ(rotations_.size(), kRotationSlots);
  for (int i = 0; i < 30 && rotations_.size() < fleet_->keys().size(); ++i) {
    const std::size_t before = rotations_.size();
    roll_out(1);
    fleet_->run_for(1min);
    EXPECT_LE(rotations_.size(), before + kRotationSlots);
  }
  EXPECT_EQ(rotations_.size(), fleet_->keys().size()) << "everybody had a turn within the overlap";
}

TEST_F(ConsumerFleet, WhatAPersonHoldsUpStandsInNobodysWay) {
  deploy({{"paused", true}});
  for (int i = 0; i < 30; ++i) {
    fleet_->run_for(1min);
    roll_out(0);
  }
  EXPECT_EQ(rotations_.size(), fleet_->keys().size());
}

TEST_F(ConsumerFleet, AnOverlapThatEndsGivesTheSlotBack) {
  fleet_->run_for(59min);
  EXPECT_EQ(rotations_.size(), kRotationSlots);
  world_.registry_is(test::a_registry().with_spec({{"resyncInterval", "0s"}, {"maxOverlap", "1h"}}));
  fleet_->run_for(10min);
  EXPECT_GT(rotations_.size(), kRotationSlots) << "the roll-out was waited for long enough";
}

TEST_F(ScheduleFleet, AfterADayWithoutTheOperatorTheOverdueOnesAreSpreadOverAnHour) {
  Fleet fleet(world_, kClients, kDaily);
  fleet.run_for(1s);
  world_.clock.advance(51h);
  fleet.restart();
  const WallTime start = now();
  fleet.run_for(0s);
  EXPECT_LE(rotations_.size(), 1U) << "nothing comes with the start";
  std::vector<WallTime> announced;
  for (const kube::ObjectKey& key : fleet.keys()) announced.push_back(*fleet.status(key).rotation.next_time);
  std::ranges::sort(announced);
  EXPECT_THAT(announced, Each(AllOf(Ge(start - 1s), Le(start + 1h))));
  fleet.run_for(61min);
  ASSERT_EQ(rotations_.size(), fleet.keys().size());
  for (std::size_t index = 0; index < announced.size(); ++index) {
    EXPECT_THAT(rotations_[index] - announced[index], AllOf(Ge(0s), Le(5s))) << "as announced";
  }
  for (int minute = 0; minute < 60; ++minute) {
    const auto within = [&](WallTime time) {
      return time - start >= minute * 1min && time - start < (minute + 1) * 1min;
    };
    EXPECT_LE(std::ranges::count_if(rotations_, within), kClients / 60 * 3);
  }
}

TEST_F(ScheduleFleet, ClientsThatWereIssuedTogetherDriftApart) {
  Fleet fleet(world_, kClients, kDaily);
  fleet.run_for(1s);
  std::vector<WallTime> announced;
  for (const kube::ObjectKey& key : fleet.keys()) announced.push_back(*fleet.status(key).rotation.next_time);
  EXPECT_THAT(announced, Each(AllOf(Ge(now() + 24h - 2s), Le(now() + 24h + 144min))));
  std::ranges::sort(announced);
  EXPECT_GT(announced.back() - announced.front(), 2h);
  EXPECT_EQ(
      std::ranges::adjacent_find(announced, [](WallTime one, WallTime next) { return next - one > 5min; }),
      announced.end());
}

TEST_F(ScheduleFleet, WhatIsAnnouncedHappens) {
  const Json spec{
      {"rotation",
       {{"interval", "2h"},
        {"overlap", "10m"},
        {"windows",
         {{{"opens", "0 4,8,12,16,20 * * *"}, {"timeZone", "Asia/Kathmandu"}, {"duration", "1h"}}}}}}};
  Fleet fleet(world_, 5, spec);
  fleet.run_for(1s);
  for (int rotation = 2; rotation < 8; ++rotation) {
    std::vector<WallTime> announced;
    for (const kube::ObjectKey& key : fleet.keys())
      announced.push_back(*fleet.status(key).rotation.next_time);
    fleet.run_until(*std::ranges::max_element(announced) + 1min);
    for (std::size_t index = 0; index < announced.size(); ++index) {
      const api::ApiClientStatus status = fleet.status(fleet.keys()[index]);
      EXPECT_EQ(status.credential->revision, rotation);
      EXPECT_EQ(status.rotation.last_reason, "Scheduled");
      EXPECT_THAT(*status.rotation.last_time - announced[index], AllOf(Ge(0s), Le(2s)));
    }
  }
}

}  // namespace
}  // namespace apiclient::reconciler
