// What holds for every plan, over random observations. The seed is printed; APICLIENT_TEST_SEED repeats one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "reconciler/plan.h"
#include "support/matchers.h"
#include "unit/reconciler/observation_builder.h"
#include "unit/reconciler/plan_text.h"

namespace apiclient::reconciler {
namespace {

using backend::Verdict;
using test::kNow;

constexpr int kObservations = 5000;

unsigned choose_seed() {
  const char* const given = std::getenv("APICLIENT_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device()();
}

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int upto(int most) { return std::uniform_int_distribution<int>(0, most)(engine_); }
  bool chance(int percent) { return upto(99) < percent; }
  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return *(values.begin() + upto(static_cast<int>(values.size()) - 1));
  }

 private:
  std::mt19937 engine_;
};

test::ApiClientBuilder random_client(Dice& dice) {
  auto client = test::an_api_client();
  if (dice.chance(60)) client.issued(1 + dice.upto(4));
  api::ApiClientStatus status = client.object().status;
  if (dice.chance(40)) {
    status.previous = api::PreviousStatus{.revision = dice.upto(5)};
    if (dice.chance(80)) status.previous->retire_at = kNow + std::chrono::minutes(dice.upto(120) - 60);
  }
  if (status.issued() || status.previous) client.with_status(status);
  if (dice.chance(80)) client.finalized();
  return client;
}

std::string random_operation(Dice& dice) { return "op-" + std::to_string(1 + dice.upto(5)); }

void register_client(Dice& dice, Observation& seen) {
  auto client = test::a_registered_client(seen.desired.settings);
  for (int revision = 1; revision <= 5; ++revision) {
    if (dice.chance(35)) client.secret(revision, dice.chance(80) ? "" : random_operation(dice));
  }
  seen.registered = client.object();
  if (dice.chance(10)) seen.registered->settings.client_name = "drifted";
  if (dice.chance(10)) seen.registered->mark->uid = "dead";
  if (dice.chance(3)) seen.registered->mark->installation_id = "elsewhere";
}

void publish_target(Dice& dice, Observation& seen) {
  auto secret = test::a_target_secret();
  secret.revision(dice.upto(5)).operation(random_operation(dice));
  secret.credential("c" + std::to_string(dice.upto(5)));
  if (dice.chance(10)) secret.value("");
  seen.target = secret.object();
  seen.target_owner = dice.one_of({TargetOwner::us, TargetOwner::us, TargetOwner::us, TargetOwner::our_past});
  if (dice.chance(3)) seen.target_owner = TargetOwner::foreign;
  if (dice.chance(50))
    seen.published_verdict = dice.one_of({Verdict::accepted, Verdict::rejected, Verdict::unknown});
}

Observation random_observation(Dice& dice) {
  test::ObservationBuilder builder(random_client(dice));
  if (dice.chance(40)) builder.staged(1 + dice.upto(4), random_operation(dice));
  builder.with([&](Observation& seen) {
    if (dice.chance(75)) register_client(dice, seen);
    if (dice.chance(75)) publish_target(dice, seen);
  });
  return builder.take();
}

std::string describe(const Observation& seen, const Plan& plan) {
  std::string text = "staged ";
  text += seen.staged ? std::to_string(seen.staged->revision) + " " + seen.staged->operation_id : "-";
  text += "; registered";
  if (seen.registered) {
    for (const auto& one : seen.registered->credentials) text += " " + one.id + "/" + one.operation_id;
  } else {
    text += " -";
  }
  text += "; target ";
  text += seen.target
              ? std::to_string(seen.target->revision()) + " " + std::string(seen.target->operation_id())
              : "-";
  text += "; plan:";
  for (const std::string& step : test::texts_of(plan)) text += " [" + step + "]";
  return text;
}

/// Where the first step of this type stands; -1: nowhere.
template <typename T>
int position(const Plan& plan) {
  const auto found =
      std::ranges::find_if(plan.steps, [](const Step& step) { return std::holds_alternative<T>(step); });
  return found == plan.steps.end() ? -1 : static_cast<int>(found - plan.steps.begin());
}
template <typename T>
bool has(const Plan& plan) {
  return position<T>(plan) >= 0;
}

bool retires(const Plan& plan, std::string_view credential_id) {
  return std::ranges::any_of(plan.steps, [&](const Step& step) {
    if (const auto* oldest = std::get_if<step::RetireOldest>(&step))
      return oldest->credential_id == credential_id;
    const auto* older = std::get_if<step::RetireOlder>(&step);
    return older != nullptr &&
           std::ranges::find(older->credential_ids, credential_id) != older->credential_ids.end();
  });
}

bool superseded(const Observation& seen) {
  return seen.target && seen.target_owner == TargetOwner::us &&
         seen.target->revision() >= seen.staged->revision &&
         seen.target->operation_id() != seen.staged->operation_id;
}

/// A value that consumers do not have yet.
bool publishes_a_new_value(const Observation& seen, const Plan& plan) {
  if (has<step::CreateClient>(plan) || has<step::AddCredential>(plan)) return true;
  return seen.staged && !superseded(seen) &&
         !(seen.target && seen.target->operation_id() == seen.staged->operation_id &&
           !seen.target->value.empty());
}

void check_refused(const Plan& plan) {
  EXPECT_TRUE(plan.steps.empty());
  EXPECT_FALSE(plan.stop->reason.empty());
  EXPECT_FALSE(plan.stop->message.empty());
}

void check_minting(const Observation& seen, const Plan& plan) {
  if (seen.staged && !superseded(seen)) {
    EXPECT_FALSE(has<step::Stage>(plan)) << "a second secret is made beside the staged one";
  }
  if (has<step::Stage>(plan) && seen.staged) {
    EXPECT_LT(position<step::DropStaged>(plan), position<step::Stage>(plan));
  }
  if (has<step::AddCredential>(plan) || has<step::CreateClient>(plan)) {
    EXPECT_LT(position<step::Stage>(plan),
              std::max(position<step::AddCredential>(plan), position<step::CreateClient>(plan)));
  }
  if (has<step::AddFinalizer>(plan)) {
    EXPECT_EQ(position<step::AddFinalizer>(plan), 0);
  }
}

void check_order(const Observation& seen, const Plan& plan) {
  ASSERT_TRUE(has<step::Publish>(plan));
  ASSERT_TRUE(has<step::WriteStatus>(plan));
  EXPECT_LT(position<step::Publish>(plan), position<step::WriteStatus>(plan));
  if (publishes_a_new_value(seen, plan)) {
    ASSERT_TRUE(has<step::Verify>(plan)) << "an unverified value is published";
    EXPECT_LT(position<step::Verify>(plan), position<step::Publish>(plan));
  }
  if (has<step::Stage>(plan) || (seen.staged && !superseded(seen))) {
    EXPECT_TRUE(std::holds_alternative<step::DropStaged>(plan.steps.back()))
        << "the staged Secret is left behind";
  }
}

void check_retiring(const Observation& seen, const Plan& plan) {
  if (seen.target) {
    EXPECT_FALSE(retires(plan, seen.target->credential_id())) << "the published secret is retired";
  }
  const auto* older = [&]() -> const step::RetireOlder* {
    for (const Step& step : plan.steps) {
      if (const auto* found = std::get_if<step::RetireOlder>(&step)) return found;
    }
    return nullptr;
  }();
  if (older == nullptr) return;
  EXPECT_FALSE(older->credential_ids.empty());
  EXPECT_FALSE(plan.previous);
  ASSERT_TRUE(seen.client.status.previous && seen.client.status.previous->retire_at);
  EXPECT_LE(*seen.client.status.previous->retire_at, kNow) << "the overlap is not over";
  for (const std::string& id : older->credential_ids) {
    const auto& all = seen.registered->credentials;
    const auto found = std::ranges::find(all, id, &backend::Credential::id);
    ASSERT_NE(found, all.end());
    EXPECT_LT(found->revision, seen.target->revision());
    EXPECT_LE(found->revision, seen.client.status.previous->revision) << "its overlap was never planned";
  }
}

TEST(PlanProperties, HoldForRandomObservations) {
  const unsigned seed = choose_seed();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("APICLIENT_TEST_SEED=" + std::to_string(seed));
  Dice dice(seed);
  int refused = 0;
  for (int round = 0; round < kObservations && !HasFailure(); ++round) {
    const Observation seen = random_observation(dice);
    const Plan plan = make_plan(seen, kNow);
    SCOPED_TRACE("round " + std::to_string(round) + ": " + describe(seen, plan));
    if (plan.stop) {
      ++refused;
      check_refused(plan);
      continue;
    }
    check_minting(seen, plan);
    check_order(seen, plan);
    check_retiring(seen, plan);
  }
  EXPECT_LT(refused, kObservations / 2) << "most observations should lead somewhere";
}

}  // namespace
}  // namespace apiclient::reconciler
