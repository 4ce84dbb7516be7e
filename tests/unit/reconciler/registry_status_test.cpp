#include "reconciler/registry_status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using kube::ConditionStatus;
using namespace std::chrono_literals;
using test::a_registry;

const WallTime kNow{std::chrono::seconds(1767323045)};

const kube::Condition* find(const api::ClientRegistryStatus& status, std::string_view type) {
  return kube::find_condition(status.conditions, type);
}

struct DelayRow {
  std::string name;
  int failures;
  std::optional<std::chrono::milliseconds> retry_after;
  std::chrono::milliseconds delay;
};
class ProbeDelay : public ::testing::TestWithParam<DelayRow> {};

TEST_P(ProbeDelay, GrowsAndHonoursTheServer) {
  EXPECT_EQ(probe_delay(GetParam().failures, {.retry_after = GetParam().retry_after}), GetParam().delay);
}

INSTANTIATE_TEST_SUITE_P(Table, ProbeDelay,
                         ::testing::Values(DelayRow{"First", 0, {}, 1s}, DelayRow{"Second", 1, {}, 2s},
                                           DelayRow{"Fifth", 4, {}, 16s}, DelayRow{"Capped", 30, {}, 5min},
                                           DelayRow{"ServerAsksForMore", 0, 90s, 90s},
                                           DelayRow{"ServerAsksForLess", 8, 1s, 256s}),
                         test::RowName());

TEST(SummariseTrouble, WaitingSaysWhenItIsTriedNext) {
  const auto registry = a_registry().generation(3).object();
  const auto status =
      summarise_trouble(registry, {.reason = "RegistryUnreachable", .message = "no answer"}, kNow);
  EXPECT_EQ(status.observed_generation, 3);
  EXPECT_EQ(status.failure_count, 1);
  EXPECT_EQ(status.failure_time, kNow);
  EXPECT_EQ(status.next_retry_time, kNow + 1s);
  EXPECT_EQ(find(status, api::kReady)->status, ConditionStatus::false_value);
  EXPECT_EQ(find(status, api::kReady)->reason, "RegistryUnreachable");
  EXPECT_EQ(find(status, api::kReady)->message, "no answer");
  EXPECT_EQ(find(status, api::kReconciling)->status, ConditionStatus::true_value);
  EXPECT_EQ(find(status, api::kStalled), nullptr);
}

TEST(SummariseTrouble, EachFailureIsCountedAndMovesTheRetry) {
  const RegistryTrouble trouble{.reason = "RegistryUnreachable", .message = "no answer"};
  const auto once = summarise_trouble(a_registry().object(), trouble, kNow);
  const auto twice = summarise_trouble(a_registry().with_status(once).object(), trouble, kNow + 1s);
  EXPECT_EQ(twice.failure_count, 2);
  EXPECT_EQ(twice.next_retry_time, kNow + 3s);
  EXPECT_EQ(find(twice, api::kReady)->last_transition_time, kNow);
}

TEST(SummariseTrouble, StalledWaitsForAPersonAndIsTheSameEachTime) {
  const RegistryTrouble trouble{.reason = "Unsupported", .message = "spec.hydra", .stalled = true};
  const auto failing = summarise_trouble(a_registry().object(), {.reason = "ServerError"}, kNow);
  const auto once = summarise_trouble(a_registry().with_status(failing).object(), trouble, kNow);
  EXPECT_EQ(find(once, api::kStalled)->status, ConditionStatus::true_value);
  EXPECT_EQ(find(once, api::kReconciling), nullptr);
  EXPECT_EQ(once.failure_count, 0);
  EXPECT_FALSE(once.next_retry_time);
  const auto twice = summarise_trouble(a_registry().with_status(once).object(), trouble, kNow + 1h);
  EXPECT_EQ(api::write_status(twice), api::write_status(once));
}

TEST(SummariseReady, ClearsTheTroubleAndSaysWhatTheServerIs) {
  const backend::RegistryInfo info{
      .capabilities = {.max_secrets = 3, .secrets_have_ids = true, .tells_last_use = true},
      .endpoints = {.token = "http://t", .jwks = "http://j"},
      .server_version = "1.2"};
  const auto failing = summarise_trouble(a_registry().object(), {.reason = "ServerError"}, kNow);
  const auto status = summarise_ready(a_registry().with_status(failing).object(), info, kNow + 5s);
  EXPECT_EQ(find(status, api::kReady)->status, ConditionStatus::true_value);
  EXPECT_EQ(find(status, api::kReady)->last_transition_time, kNow + 5s);
  EXPECT_EQ(find(status, api::kReconciling), nullptr);
  EXPECT_EQ(find(status, api::kStalled), nullptr);
  EXPECT_EQ(status.failure_count, 0);
  EXPECT_FALSE(status.failure_time || status.next_retry_time);
  EXPECT_EQ(status.server_version, "1.2");
  EXPECT_EQ(status.backend, "embedded");
  EXPECT_EQ(status.endpoints.token_url, "http://t");
  EXPECT_EQ(status.capabilities["maxSecrets"], 3);
  EXPECT_EQ(status.capabilities["secretChosenBy"], "Operator");
  EXPECT_EQ(status.capabilities["lastUsed"], true);
}

TEST(SummariseReady, IsTheSameEachTime) {
  const auto once = summarise_ready(a_registry().object(), {}, kNow);
  const auto twice = summarise_ready(a_registry().with_status(once).object(), {}, kNow + 1h);
  EXPECT_EQ(api::write_status(twice), api::write_status(once));
}

TEST(SummariseAmbiguous, IsStalledOnceAndSaysWhatTheProbeSaw) {
  const auto registry = a_registry().object();
  const backend::RegistryInfo info{.capabilities = {.max_secrets = 3}, .server_version = "2.1"};
  const auto first = summarise_ambiguous(registry, info, "other", kNow);
  EXPECT_EQ(find(first, api::kReady)->reason, "AmbiguousDefaultRegistry");
  EXPECT_EQ(find(first, api::kStalled)->status, ConditionStatus::true_value);
  EXPECT_EQ(first.server_version, "2.1");
  const auto again = summarise_ambiguous(a_registry().with_status(first).object(), info, "other", kNow + 60s);
  EXPECT_EQ(api::write_status(again), api::write_status(first)) << "no heartbeat";
  EXPECT_EQ(trouble_began(first, kNow + 60s), kNow + 60s) << "it is no outage";
}

TEST(TroubleBegan, IsWhenReadyWentFalse) {
  const auto registry = a_registry().object();
  EXPECT_EQ(trouble_began(registry.status, kNow), kNow);
  const auto failed = summarise_trouble(registry, {.reason = "RegistryUnreachable"}, kNow);
  const auto later =
      summarise_trouble(a_registry().with_status(failed).object(), {.reason = "Throttled"}, kNow + 300s);
  EXPECT_EQ(trouble_began(later, kNow + 600s), kNow);
}

}  // namespace
}  // namespace apiclient::reconciler
