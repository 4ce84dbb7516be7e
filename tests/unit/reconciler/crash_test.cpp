// The process ends before or after any step, and a new one takes over: the end is always the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "api/conditions.h"
#include "support/matchers.h"
#include "unit/reconciler/world.h"

namespace apiclient::reconciler {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using test::an_api_client;
using test::kClientId;
using test::World;

void issue(World& world, const test::ApiClientBuilder& client = an_api_client()) {
  world.apply(client);
  ASSERT_TRUE(world.settle());
}

/// One client, nothing staged, what is published works, everybody agrees on the revision.
void expect_issued(const World& world, std::int64_t revision) {
  EXPECT_THAT(world.backend.client_ids(), ElementsAre(kClientId));
  EXPECT_THAT(world.staged(), IsEmpty());
  EXPECT_EQ(world.condition(api::kReady), "True Issued");
  EXPECT_TRUE(world.backend.accepts(kClientId, world.published_value()));
  EXPECT_EQ(world.client()["status"]["credential"]["revision"], revision);
  EXPECT_EQ(world.secret()["metadata"]["annotations"]["apiclient.dev/revision"], std::to_string(revision));
}

std::size_t secrets_of(const World& world) {
  const auto client = world.backend.client(kClientId);
  return client ? client->registered.credentials.size() : 0;
}

struct Scenario {
  std::string name;
  /// Up to where the pass begins that is cut off.
  std::function<void(World&)> arrange;
  std::function<void(const World&)> expect;
  /// Points that such a pass must reach: the test is not to become empty.
  std::vector<std::string> steps;
};
class Crashes : public ::testing::TestWithParam<Scenario> {};

std::vector<std::string> points_of(const Scenario& scenario) {
  World world;
  scenario.arrange(world);
  const std::size_t before = world.checkpoints.reached().size();
  EXPECT_TRUE(world.settle());
  const auto& all = world.checkpoints.reached();
  return {all.begin() + static_cast<std::ptrdiff_t>(before), all.end()};
}

TEST_P(Crashes, WithoutOneTheEndIsRight) {
  World world;
  GetParam().arrange(world);
  ASSERT_TRUE(world.settle());
  GetParam().expect(world);
}

TEST_P(Crashes, AnyOneEndsTheSame) {
  const auto points = points_of(GetParam());
  for (const std::string& step : GetParam().steps) {
    EXPECT_THAT(points, Contains("before " + step));
    EXPECT_THAT(points, Contains("after " + step));
  }
  for (const std::string& point : points) {
    SCOPED_TRACE("crash " + point);
    World world;
    GetParam().arrange(world);
    ASSERT_TRUE(world.crashes_at(point));
    ASSERT_TRUE(world.settle());
    GetParam().expect(world);
  }
}

/// A crash, and while the next process goes on, another one.
TEST_P(Crashes, AnyTwoEndTheSame) {
  const auto points = points_of(GetParam());
  for (const std::string& first : points) {
    for (const std::string& second : points) {
      SCOPED_TRACE("crash " + first + ", then " + second);
      World world;
      GetParam().arrange(world);
      ASSERT_TRUE(world.crashes_at(first));
      if (!world.crashes_at(second)) world.checkpoints.crash_at("");
      ASSERT_TRUE(world.settle());
      GetParam().expect(world);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, Crashes,
    ::testing::Values(Scenario{"Issue",
                               [](World& world) { world.apply(an_api_client()); },
                               [](const World& world) {
                                 expect_issued(world, 1);
                                 EXPECT_EQ(secrets_of(world), 1U);
                                 EXPECT_FALSE(world.client()["status"].contains("previous"));
                               },
                               {"finalizer", "stage", "create", "verify", "publish", "status", "unstage"}},
                      Scenario{"LostSecret",
                               [](World& world) {
                                 issue(world);
                                 world.lose_secret();
                               },
                               [](const World& world) {
                                 expect_issued(world, 2);
                                 EXPECT_EQ(secrets_of(world), 2U)
                                     << "the lost one works until its overlap is over";
                                 EXPECT_EQ(world.client()["status"]["previous"]["revision"], 1);
                               },
                               {"stage", "add-credential", "verify", "publish", "status", "unstage"}},
                      Scenario{"EndOfTheOverlap",
                               [](World& world) {
                                 issue(world);
                                 world.lose_secret();
                                 ASSERT_TRUE(world.settle());
                                 world.clock.advance(61min);
                               },
                               [](const World& world) {
                                 expect_issued(world, 2);
                                 EXPECT_EQ(secrets_of(world), 1U);
                                 EXPECT_FALSE(world.client()["status"].contains("previous"));
                               },
                               {"retire", "publish", "status"}},
                      Scenario{"EmptiedRegistry",
                               [](World& world) {
                                 issue(world);
                                 world.backend.drop_all();
                                 world.patch_client({{"spec", {{"displayName", "New name"}}}});
                               },
                               [](const World& world) { expect_issued(world, 1); },
                               {"create", "verify", "publish", "status"}},
                      Scenario{"Update",
                               [](World& world) {
                                 issue(world);
                                 world.patch_client({{"spec", {{"displayName", "New name"}}}});
                               },
                               [](const World& world) {
                                 expect_issued(world, 1);
                                 EXPECT_EQ(world.backend.client(kClientId)->registered.settings.client_name,
                                           "New name");
                               },
                               {"update", "publish", "status"}},
                      Scenario{"PublicClient",
                               [](World& world) {
                                 world.apply(an_api_client().with_spec({{"type", "Public"}}));
                               },
                               [](const World& world) {
                                 EXPECT_THAT(world.backend.client_ids(), ElementsAre(kClientId));
                                 EXPECT_EQ(world.condition(api::kReady), "True Issued");
                                 EXPECT_FALSE(world.secret().is_null());
                                 EXPECT_FALSE(world.client()["status"].contains("rotation"))
                                     << "the fence is taken away";
                               },
                               {"finalizer", "fence", "create", "publish", "status"}},
                      Scenario{"Deletion",
                               [](World& world) {
                                 issue(world);
                                 world.delete_client();
                               },
                               [](const World& world) {
                                 EXPECT_THAT(world.backend.client_ids(), IsEmpty());
                                 EXPECT_TRUE(world.secret().is_null());
                                 EXPECT_TRUE(world.client().is_null());
                               },
                               {"remove-client", "delete-secret", "release"}}),
    test::RowName());

TEST(FullSlots, ACrashAnywhereNeverEndsTheSecretThatIsPublished) {
  const auto lose_three_times = [](World& world) {
    issue(world);
    for (int i = 0; i < 2; ++i) {
      world.lose_secret();
      ASSERT_TRUE(world.settle());
    }
    ASSERT_EQ(secrets_of(world), 3U);
    world.lose_secret();
  };
  const Scenario scenario{"FullSlots", lose_three_times, [](const World&) {}, {}};
  const auto points = points_of(scenario);
  ASSERT_THAT(points, Contains("after retire-oldest"));
  for (const std::string& point : points) {
    SCOPED_TRACE("crash " + point);
    World world;
    lose_three_times(world);
    ASSERT_TRUE(world.crashes_at(point));
    ASSERT_TRUE(world.settle());
    expect_issued(world, 4);
    EXPECT_EQ(secrets_of(world), 3U);
    EXPECT_EQ(world.client()["status"]["previous"]["revision"], 3);
  }
}

}  // namespace
}  // namespace apiclient::reconciler
