// Whole passes of one client with a schedule.
#include "api/names.h"
#include "base/rfc3339.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::an_api_client;
using test::kClientId;
using test::Verb;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Json kDaily{{"rotation", {{"interval", "24h"}, {"overlap", "1h"}}}};

class SchedulePass : public Reconcile {
 protected:
  void annotate(const std::string& name, const std::string& value) {
    world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/" + name, value}}}}}});
  }
  /// As the API server would count it.
  void change_spec(const Json& patch) {
    const auto generation = world_.client()["metadata"]["generation"].get<int>();
    world_.patch_client({{"metadata", {{"generation", generation + 1}}}, {"spec", patch}});
  }
  Json rotation() { return world_.client()["status"]["rotation"]; }
  std::int64_t revision() { return world_.client()["status"]["credential"]["revision"].get<std::int64_t>(); }
  WallTime next_time() { return parse_rfc3339(rotation()["nextTime"].get<std::string>()).value(); }
  WallTime now() { return world_.clock.wall_now(); }
  std::string annotation() {
    return world_.secret()["metadata"]["annotations"].value("apiclient.dev/next-rotation", "");
  }
  void go_to(WallTime time) { world_.clock.advance(time - now()); }
  /// It was there when its time came.
  void rotate_by_schedule() {
    go_to(next_time());
    ASSERT_TRUE(world_.settle());
  }
  /// As when somebody sets the date.
  void jump(std::chrono::hours by) {
    world_.clock.set_wall_now(world_.clock.wall_now() + by);
    world_.clock_skew += by;
  }
};

TEST_F(SchedulePass, AnnouncesTheNextRotationWithTheFirstSecret) {
  issue(an_api_client().with_spec(kDaily));
  EXPECT_GE(next_time(), now() + 24h - 1s);
  EXPECT_LE(next_time(), now() + 24h + 144min);
  EXPECT_EQ(annotation(), rotation()["nextTime"]);
}

TEST_F(SchedulePass, RotatesWhenTheTimeHasComeWithFiveWrites) {
  issue(an_api_client().with_spec(kDaily));
  const std::string old = world_.published_value();
  go_to(next_time() - 1s);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 1);
  EXPECT_THAT(writes(), IsEmpty());
  const WallTime first = next_time();
  rotate_by_schedule();
  expect_well(2);
  EXPECT_EQ(rotation()["lastReason"], "Scheduled");
  EXPECT_FALSE(rotation().contains("lastHandledToken"));
  EXPECT_GE(next_time(), first + 24h - 1s);
  EXPECT_EQ(annotation(), rotation()["nextTime"]);
  EXPECT_TRUE(world_.backend.accepts(kClientId, old)) << "for the overlap";
  world_.clock.advance(1h);
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(world_.backend.accepts(kClientId, old));
  EXPECT_EQ(writes().size(), 5U);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(writes().size(), 5U);
}

TEST_F(SchedulePass, TheEventSaysThatItWasPlanned) {
  issue(an_api_client().with_spec(kDaily));
  rotate_by_schedule();
  ASSERT_FALSE(world_.events.events().empty());
  EXPECT_EQ(world_.events.events().back().reason, "Rotated");
  EXPECT_THAT(world_.events.events().back().note, HasSubstr("is rotated as scheduled: Secret"));
}

TEST_F(SchedulePass, ARestartAtRestReadsNothingAndKnowsTheTime) {
  issue(an_api_client().with_spec(kDaily));
  world_.restart();
  const int reads = world_.kube.calls(Verb::find, "apiclients");
  go_to(next_time() - 1min);
  const auto action = world_.pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_EQ(world_.kube.calls(Verb::find, "apiclients"), reads);
  ASSERT_TRUE(action->after);
  EXPECT_LE(*action->after, 1min) << "it wakes up in time";
  rotate_by_schedule();
  EXPECT_EQ(revision(), 2);
}

TEST_F(SchedulePass, WithoutResyncItWakesUpAllTheSame) {
  world_.registry_is(test::a_registry().with_spec({{"resyncInterval", "0s"}}));
  issue(an_api_client().with_spec(kDaily));
  const auto action = world_.pass();
  ASSERT_TRUE(action && action->after);
  EXPECT_EQ(*action->after, 5min) << "wall clocks are set: never longer at once";
}

TEST_F(SchedulePass, ARotationByHandCounts) {
  issue(an_api_client().with_spec(kDaily));
  const WallTime planned = next_time();
  world_.clock.advance(12h);
  annotate("rotate", "by-hand");
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 2);
  EXPECT_EQ(next_time(), planned + 12h);
  go_to(planned + 1h);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 2);
}

TEST_F(SchedulePass, ARepairCountsToo) {
  issue(an_api_client().with_spec(kDaily));
  const WallTime planned = next_time();
  world_.clock.advance(12h);
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(rotation()["lastReason"], "Recovered");
  EXPECT_EQ(next_time(), planned + 12h);
}

TEST_F(SchedulePass, ATokenThatIsThereGoesFirstAndOneRotationServesBoth) {
  issue(an_api_client().with_spec(kDaily));
  go_to(next_time());
  annotate("rotate", "by-hand:Lost");
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 2);
  EXPECT_EQ(rotation()["lastReason"], "Lost");
  EXPECT_GT(next_time(), now() + 23h);
}

TEST_F(SchedulePass, ARefusedTokenHoldsNothingUp) {
  issue(an_api_client().with_spec(kDaily));
  annotate("rotate", "not a token");
  ASSERT_TRUE(world_.settle());
  rotate_by_schedule();
  EXPECT_EQ(revision(), 2);
  EXPECT_EQ(rotation()["lastReason"], "Scheduled");
  EXPECT_EQ(rotation()["refused"]["reason"], "Malformed");
}

TEST_F(SchedulePass, ACrashAfterStagingIsContinuedAsScheduled) {
  issue(an_api_client().with_spec(kDaily));
  go_to(next_time());
  ASSERT_TRUE(world_.crashes_at("after stage"));
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_EQ(rotation()["lastReason"], "Scheduled");
}

TEST_F(SchedulePass, AnIntervalThatIsSetLaterIsReckonedFromTheLastPublication) {
  issue();
  EXPECT_FALSE(rotation().contains("nextTime"));
  world_.clock.advance(10h);
  world_.clear_records();
  change_spec(kDaily);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 1);
  EXPECT_LE(next_time(), now() + 14h + 144min);
  EXPECT_EQ(annotation(), rotation()["nextTime"]);
  EXPECT_THAT(writes(), ElementsAre("replace secrets", "replace_status apiclients"));
  change_spec({{"rotation", {{"interval", nullptr}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(rotation().contains("nextTime"));
}

TEST_F(SchedulePass, AnIntervalThatHasPassedAlreadyIsPutOffALittle) {
  issue();
  world_.clock.advance(100h);
  change_spec(kDaily);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 1);
  EXPECT_GT(next_time(), now());
  EXPECT_LE(next_time(), now() + 1h);
  rotate_by_schedule();
  EXPECT_EQ(revision(), 2);
}

TEST_F(SchedulePass, ASuspendedClientIsLeftAlone) {
  issue(an_api_client().with_spec(kDaily));
  change_spec({{"suspended", true}});
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(rotation().contains("nextTime")) << "nothing will happen";
  world_.clock.advance(100h);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 1);
  change_spec({{"suspended", nullptr}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 1);
  rotate_by_schedule();
  EXPECT_EQ(revision(), 2);
}

TEST_F(SchedulePass, APausedClientIsLeftAlone) {
  issue(an_api_client().with_spec(kDaily));
  annotate("paused", "true");
  ASSERT_TRUE(world_.settle());
  go_to(next_time() + 1min);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 1);
}

TEST_F(SchedulePass, AnOverlapIsWaitedFor) {
  issue(an_api_client().with_spec(kDaily));
  annotate("rotate", "by-hand");
  ASSERT_TRUE(world_.settle());
  // The overlap was begun with another spec.
  const WallTime ends = now() + 30h;
  world_.patch_client({{"status", {{"previous", {{"retireAt", format_rfc3339(ends)}}}}}});
  annotate("reconcile", "look");
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(format_rfc3339(next_time()), format_rfc3339(ends));
  go_to(ends - 1min);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 2);
  go_to(ends + 1s);
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(world_.client()["status"].contains("previous"));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 3);
}

TEST_F(SchedulePass, NothingIsMintedByAClockThatJumpsForwardAndBack) {
  issue(an_api_client().with_spec(kDaily));
  const Json announced = rotation()["nextTime"];
  for (const auto by : {48h, -48h, -48h, 48h}) {
    jump(by);
    ASSERT_TRUE(world_.settle());
    world_.clock.advance(2min);
    ASSERT_TRUE(world_.settle());
    EXPECT_EQ(revision(), 1);
    EXPECT_EQ(rotation()["nextTime"], announced);
  }
  rotate_by_schedule();
  EXPECT_EQ(revision(), 2) << "by the right clock it happens as announced";
}

TEST_F(SchedulePass, AWrongClockIsLookedAtOnceAMinute) {
  issue(an_api_client().with_spec(kDaily));
  jump(48h);
  ASSERT_TRUE(world_.settle());
  const auto action = world_.pass();
  ASSERT_TRUE(action && action->after);
  EXPECT_GT(*action->after, 50s);
}

TEST_F(SchedulePass, AnOutageOfTheRegistryPutsItOff) {
  issue(an_api_client().with_spec(kDaily));
  go_to(next_time());
  world_.registry_fails("RegistryUnreachable");
  ASSERT_TRUE(world_.settle());
  world_.clock.advance(5h);
  world_.registry_recovers();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 1);
  EXPECT_GT(next_time(), now());
  rotate_by_schedule();
  EXPECT_EQ(revision(), 2);
}

// ---- mistakes

struct MistakeRow {
  std::string name;
  Json rotation;
  std::string reason;
  std::string message;
};
void PrintTo(const MistakeRow& row, std::ostream* out) { *out << row.name; }

class ScheduleMistake : public SchedulePass, public ::testing::WithParamInterface<MistakeRow> {
 protected:
  void expect_stalled() {
    EXPECT_EQ(world_.condition(api::kStalled), "True " + GetParam().reason);
    EXPECT_EQ(world_.condition(api::kReady), "False " + GetParam().reason);
    EXPECT_EQ(world_.condition(api::kRegistered), "True UpToDate");
    EXPECT_EQ(world_.condition(api::kSecretPublished), "True Published");
    EXPECT_FALSE(rotation().contains("nextTime"));
    EXPECT_TRUE(world_.backend.accepts(kClientId, world_.published_value()));
  }
};

TEST_P(ScheduleMistake, StopsOnlyTheSchedule) {
  world_.apply(an_api_client().with_spec({{"rotation", GetParam().rotation}}));
  ASSERT_TRUE(world_.settle());
  expect_stalled();
  EXPECT_THAT(world_.client()["status"]["conditions"].dump(), HasSubstr(GetParam().message));
  annotate("rotate", "by-hand:now");
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 2);
  expect_stalled();
  world_.clock.advance(1000h);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(revision(), 2);
  change_spec({{"rotation", {{"interval", "24h"}, {"windows", nullptr}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  EXPECT_EQ(world_.condition(api::kStalled), "-");
  EXPECT_TRUE(rotation().contains("nextTime"));
}

TEST_P(ScheduleMistake, CostsNoWritesAtRest) {
  world_.apply(an_api_client().with_spec({{"rotation", GetParam().rotation}}));
  ASSERT_TRUE(world_.settle());
  world_.clear_records();
  world_.restart();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), IsEmpty());
}

Json with_window(const Json& window) { return {{"interval", "24h"}, {"windows", Json::array({window})}}; }

INSTANTIATE_TEST_SUITE_P(
    Specs, ScheduleMistake,
    ::testing::Values(
        MistakeRow{"Cron", with_window({{"opens", "0 25 * * *"}, {"duration", "1h"}}),
                   "RotationScheduleInvalid", "spec.rotation.windows[0].opens: hour"},
        MistakeRow{"NeverOpens", with_window({{"opens", "0 2 30 feb *"}, {"duration", "1h"}}),
                   "RotationScheduleInvalid", "never comes"},
        MistakeRow{"Zone",
                   with_window({{"opens", "0 2 * * *"}, {"timeZone", "Mars/Base"}, {"duration", "1h"}}),
                   "RotationScheduleInvalid", "spec.rotation.windows[0].timeZone"},
        MistakeRow{"TooFrequent",
                   {{"interval", "5m"}},
                   "RotationTooFrequent",
                   "spec.rotation.interval: 5m is shorter than 1h"}),
    test::RowName());

}  // namespace
}  // namespace apiclient::reconciler
