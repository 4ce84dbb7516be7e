// Every state that the planner can come to, within bounds: promises of docs/architecture.md, asked of each
// step. docs/testing.md tells how to read a counterexample.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "support/matchers.h"
#include "unit/reconciler/model/model_search.h"

namespace apiclient::reconciler::model {
namespace {

std::string text_of(const Findings& findings) {
  std::string text = findings.broken;
  for (std::size_t move = 0; move < findings.path.size(); ++move) {
    text += "\n  " + std::to_string(move) + ". " + findings.path[move];
  }
  return text;
}

/// One line more of the file that APICLIENT_NUMBERS names.
void note(const std::string& line, bool first) {
  std::cout << line << '\n';
  const char* const name = std::getenv("APICLIENT_NUMBERS");
  if (name == nullptr) return;
  std::filesystem::create_directories(std::filesystem::path(name).parent_path());
  std::ofstream(name, first ? std::ios::trunc : std::ios::app) << line << '\n';
}

const Setting kAlone{
    .name = "Alone", .budget = {.wishes = 3, .faults = 0, .freezes = 0}, .meddles_mid_pass = true};

class PlannerModel : public ::testing::TestWithParam<Setting> {};

TEST_P(PlannerModel, KeepsItsPromises) {
  Setting tmp = GetParam();
  if (const char* b = std::getenv("TMP_BUDGET")) {
    tmp.budget = {.wishes = static_cast<Number>(b[0] - '0'),
                  .faults = static_cast<Number>(b[1] - '0'),
                  .freezes = static_cast<Number>(b[2] - '0')};
    tmp.spec = b[3] == 's';
    tmp.meddles_mid_pass = b[4] == 'm';
  }
  const Findings found = Search(tmp, make_plan).run();
  EXPECT_EQ(found.broken, "") << text_of(found);
  RecordProperty("states", std::to_string(found.states));
  RecordProperty("transitions", std::to_string(found.transitions));
  note("planner model, " + GetParam().name + ": " + std::to_string(found.states) + " states, " +
           std::to_string(found.transitions) + " transitions, " + std::to_string(found.plans) +
           " plans, at rest after at most " + std::to_string(found.longest_way) + " passes; " +
           std::to_string(found.weeks) + " worlds wait for the registry to forget",
       GetParam().name == kAlone.name);
}

INSTANTIATE_TEST_SUITE_P(
    Settings, PlannerModel,
    ::testing::Values(
        kAlone, Setting{.name = "Faults", .budget = {.wishes = 1, .faults = 2, .freezes = 0}},
        Setting{.name = "FaultsMidPass",
                .budget = {.wishes = 1, .faults = 1, .freezes = 0},
                .meddles_mid_pass = true},
        Setting{.name = "Spec", .budget = {.wishes = 3, .faults = 0, .freezes = 0}, .spec = true},
        Setting{
            .name = "LateCall", .budget = {.wishes = 2, .faults = 0, .freezes = 1}, .old_call_arrives = true},
        Setting{.name = "InPlace",
                .budget = {.wishes = 3, .faults = 0, .freezes = 0},
                .strategy = Strategy::in_place,
                .meddles_mid_pass = true},
        Setting{.name = "InPlaceFaults",
                .budget = {.wishes = 1, .faults = 1, .freezes = 0},
                .strategy = Strategy::in_place,
                .meddles_mid_pass = true},
        Setting{.name = "Reregister",
                .budget = {.wishes = 2, .faults = 0, .freezes = 1},
                .strategy = Strategy::reregister,
                .spec = true,
                .meddles_mid_pass = true,
                .old_call_arrives = true}),
    test::RowName());

/// The search has to find what is wrong with these.
struct MutantRow {
  std::string name;
  Planner planner;
  std::string broken;
  Strategy strategy = Strategy::overlap;
};
class PlannerMutants : public ::testing::TestWithParam<MutantRow> {};

TEST_P(PlannerMutants, AreFound) {
  const Setting setting{
      .name = "Small", .budget = {.wishes = 2, .faults = 1, .freezes = 0}, .strategy = GetParam().strategy};
  const Findings found = Search(setting, GetParam().planner).run();
  EXPECT_THAT(found.broken, ::testing::HasSubstr(GetParam().broken));
  EXPECT_GT(found.path.size(), 1U);
}

/// Where the first step of this type stands.
template <typename T>
std::vector<Step>::iterator find_step(Plan& plan) {
  return std::ranges::find_if(plan.steps, [](const Step& step) { return std::holds_alternative<T>(step); });
}

/// The first T of the plan comes before its first U.
template <typename T, typename U>
Plan move_before(Plan plan) {
  const auto moved = find_step<T>(plan);
  const auto target = find_step<U>(plan);
  if (moved != plan.steps.end() && target < moved) std::rotate(target, moved, moved + 1);
  return plan;
}

Plan publish_before_adding(const Observation& seen, WallTime now) {
  return move_before<step::Publish, step::AddCredential>(make_plan(seen, now));
}
Plan unstage_before_publishing(const Observation& seen, WallTime now) {
  return move_before<step::DropStaged, step::Publish>(make_plan(seen, now));
}
Plan retire_too_early(const Observation& seen, WallTime now) {
  Plan plan = make_plan(seen, now);
  if (plan.previous) {
    plan.steps.insert(find_step<step::WriteStatus>(plan),
                      step::RetireOlder{.credential_ids = {plan.previous->id}});
  }
  return plan;
}
Plan stage_although_staged(const Observation& seen, WallTime now) {
  Plan plan = make_plan(seen, now);
  if (seen.staged && find_step<step::DropStaged>(plan) != plan.steps.end())
    plan.steps.insert(plan.steps.begin(), step::Stage{.revision = next_revision(seen)});
  return plan;
}

Plan publish_before_staging(const Observation& seen, WallTime now) {
  return move_before<step::Publish, step::StageAnswer>(make_plan(seen, now));
}
Plan remove_before_publishing(const Observation& seen, WallTime now) {
  return move_before<step::RemoveClient, step::Publish>(make_plan(seen, now));
}
Plan register_although_staged(const Observation& seen, WallTime now) {
  Plan plan = make_plan(seen, now);
  if (seen.staged && seen.client.status.rotation.in_progress)
    plan.steps.insert(plan.steps.begin(), step::RegisterClient{});
  return plan;
}
/// What may be lost is not counted.
Plan register_again_under_one_fence(const Observation& seen, WallTime now) {
  Plan plan = make_plan(seen, now);
  if (seen.client.status.rotation.in_progress)
    std::erase_if(plan.steps, [](const Step& step) { return std::holds_alternative<step::Fence>(step); });
  return plan;
}
Plan forget_the_former_client(const Observation& seen, WallTime now) {
  Plan plan = make_plan(seen, now);
  plan.previous.reset();
  return plan;
}

INSTANTIATE_TEST_SUITE_P(
    Of, PlannerMutants,
    ::testing::Values(
        MutantRow{"PublishBeforeAdding", publish_before_adding, "is published, and the registry rejects it"},
        MutantRow{"UnstageBeforePublishing", unstage_before_publishing, "3: revision 1 is unstaged"},
        MutantRow{"RetireTooEarly", retire_too_early, "2: revision 1 is retired"},
        MutantRow{"StageAlthoughStaged", stage_although_staged, "10: a staged Secret"},
        MutantRow{"PublishBeforeStaging", publish_before_staging, "1: a Secret without a value is published",
                  Strategy::reregister},
        MutantRow{"RemoveBeforePublishing", remove_before_publishing,
                  "2: the client of revision 1 is removed, which consumers read", Strategy::reregister},
        MutantRow{"RegisterAlthoughStaged", register_although_staged, "5: one registration is sent twice",
                  Strategy::reregister},
        MutantRow{"RegisterAgainUnderOneFence", register_again_under_one_fence,
                  "5: one registration is sent twice", Strategy::reregister},
        MutantRow{"ForgetTheFormerClient", forget_the_former_client,
                  "5: the client of revision 1 is left behind", Strategy::reregister}),
    test::RowName());

/// Only the lease keeps a deposed leader from rotating once more.
TEST(PlannerModelOfTwoLeaders, FindsWhatHappensWithoutTheLease) {
  const Findings found =
      Search({.name = "NoLease", .budget = {.wishes = 1, .faults = 0, .freezes = 1}, .old_pass_writes = true},
             make_plan)
          .run();
  EXPECT_EQ(found.broken, "3: token r1 rotates a second time");
}

}  // namespace
}  // namespace apiclient::reconciler::model
