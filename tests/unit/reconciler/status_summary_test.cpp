#include "reconciler/status_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "api/names.h"
#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using kube::ConditionStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using test::an_api_client;
using test::ApiClientBuilder;

const WallTime kNow{std::chrono::seconds(1767323045)};

Succeeded success() {
  return {.client_id = test::kClientId,
          .registry = {"ClusterClientRegistry", "default", test::kIssuer},
          .effective = {.client_id = test::kClientId, .secret_name = "invoices"},
          .credential = api::CredentialStatus{.revision = 1, .id = "c1", .issued_at = kNow},
          .rotation = {.strategy = "Overlap"}};
}
Held held(std::string reason, bool stalled = false) {
  return {.refusal = {.reason = std::move(reason), .message = "why", .stalled = stalled}};
}
Held outage() {
  Held it = held("RegistryUnreachable");
  it.published_works = true;
  return it;
}
Held counted(Held it) {
  it.counts_as_failure = true;
  return it;
}

/// "True", "False", "Unknown" or "-" when there is no such condition; the reason behind it.
std::string shown(const api::ApiClientStatus& status, std::string_view type) {
  const kube::Condition* found = kube::find_condition(status.conditions, type);
  return found == nullptr ? "-" : std::string(kube::to_string(found->status)) + " " + found->reason;
}

// Every outcome from every state

struct Outcome {
  std::string name;
  PassOutcome outcome;
};
std::vector<Outcome> all_outcomes() {
  Succeeded overlapping = success();
  overlapping.previous = api::PreviousStatus{.revision = 1, .id = "c1", .retire_at = kNow + 1h};
  return {{"Succeeded", success()},
          {"SucceededWithOverlap", overlapping},
          {"Waiting", held("RegistryNotFound")},
          {"Outage", outage()},
          {"Stalled", held("SecretNameConflict", true)},
          {"Rejected", counted(held("CredentialRejected"))},
          {"RejectedForGood", counted(held("CredentialRejected", true))},
          {"DeletionBlocked", DeletionHeld{.reason = "RegistryUnreachable", .message = "why"}}};
}

struct Start {
  std::string name;
  ApiClientBuilder client;
};
api::ApiClient after(const ApiClientBuilder& client, const PassOutcome& outcome) {
  auto with = client;
  return with.with_status(summarise(client.object(), outcome, kNow - 1h)).object();
}
std::vector<Start> all_starts() {
  std::vector<Start> starts;
  for (const auto& [name, client] :
       {std::pair{"New", an_api_client()}, {"Issued", an_api_client().issued()}}) {
    starts.push_back({name, client});
    auto moved = client;
    starts.push_back({std::string(name) + "Moved", moved.generation(2)});
    for (const Outcome& before : all_outcomes()) {
      auto later = client;
      later.with_status(after(client, before.outcome).status);
      starts.push_back({std::string(name) + "After" + before.name, later});
      starts.push_back({std::string(name) + "MovedAfter" + before.name, later.generation(2)});
    }
  }
  return starts;
}

/// Calls `check` for every outcome of every start.
void for_each_pair(
    const std::function<void(const ApiClientBuilder& client, const PassOutcome& outcome)>& check) {
  for (const Start& start : all_starts()) {
    for (const Outcome& outcome : all_outcomes()) {
      SCOPED_TRACE(start.name + ", then " + outcome.name);
      check(start.client, outcome.outcome);
    }
  }
}

TEST(SummariseSuccess, NamesWhatTheRegistryHasOtherwise) {
  Succeeded done = success();
  done.altered = {"spec.scopes", "spec.contacts"};
  const api::ApiClientStatus status = summarise(an_api_client().object(), done, kNow);
  const kube::Condition* registered = kube::find_condition(status.conditions, api::kRegistered);
  ASSERT_NE(registered, nullptr);
  EXPECT_THAT(registered->message,
              ::testing::EndsWith("; the registry has other values of spec.scopes, spec.contacts"));
}

TEST(AnyOutcome, KeepsTheRulesOfKstatus) {
  for_each_pair([](const ApiClientBuilder& start, const PassOutcome& outcome) {
    const api::ApiClient client = start.object();
    const auto status = summarise(client, outcome, kNow);
    const kube::Condition* ready = kube::find_condition(status.conditions, api::kReady);
    ASSERT_NE(ready, nullptr) << "observedGeneration matches, so there must be conditions";
    EXPECT_EQ(status.observed_generation, client.meta.generation);
    const bool stalled = shown(status, api::kStalled).starts_with("True");
    const bool reconciling = shown(status, api::kReconciling).starts_with("True");
    EXPECT_FALSE(ready->status == ConditionStatus::true_value && (stalled || reconciling));
    EXPECT_FALSE(stalled && reconciling);
    EXPECT_TRUE(ready->status != ConditionStatus::unknown || reconciling);
    for (const kube::Condition& condition : status.conditions)
      EXPECT_FALSE(condition.reason.empty()) << condition.type;
  });
}

TEST(AnyOutcome, ChangesTransitionTimesOnlyWhenAStatusFlips) {
  for_each_pair([](const ApiClientBuilder& start, const PassOutcome& outcome) {
    const api::ApiClient client = start.object();
    for (const kube::Condition& condition : summarise(client, outcome, kNow).conditions) {
      const kube::Condition* before = kube::find_condition(client.status.conditions, condition.type);
      const bool flipped = before == nullptr || before->status != condition.status;
      EXPECT_EQ(condition.last_transition_time, flipped ? kNow : before->last_transition_time)
          << condition.type;
    }
  });
}

TEST(AnyOutcome, IsTheSameTheSecondTime) {
  for_each_pair([](const ApiClientBuilder& start, const PassOutcome& outcome) {
    const auto* waiting = std::get_if<Held>(&outcome);
    const auto once = summarise(start.object(), outcome, kNow);
    auto again = start;
    auto twice = summarise(again.with_status(once).object(), outcome, kNow + 1h);
    if (waiting != nullptr && waiting->counts_as_failure) {
      EXPECT_EQ(twice.failure_count, once.failure_count + 1);
      twice.failure_count = once.failure_count;
      twice.failure_time = once.failure_time;
    }
    EXPECT_EQ(api::write_status(twice), api::write_status(once));
  });
}

// What is shown

struct ShownRow {
  std::string name;
  std::function<ApiClientBuilder()> client;
  PassOutcome outcome;
  std::string ready;
  std::string registered;
  std::string published;
  std::string reconciling;
  std::string stalled;
};
class Shown : public ::testing::TestWithParam<ShownRow> {};

TEST_P(Shown, Conditions) {
  const auto status = summarise(GetParam().client().object(), GetParam().outcome, kNow);
  EXPECT_EQ(shown(status, api::kReady), GetParam().ready);
  EXPECT_EQ(shown(status, api::kRegistered), GetParam().registered);
  EXPECT_EQ(shown(status, api::kSecretPublished), GetParam().published);
  EXPECT_EQ(shown(status, api::kReconciling), GetParam().reconciling);
  EXPECT_EQ(shown(status, api::kStalled), GetParam().stalled);
}

ApiClientBuilder fresh() { return an_api_client(); }
ApiClientBuilder issued() { return an_api_client().issued(); }
ApiClientBuilder issued_and_changed() { return an_api_client().issued().generation(2); }
ApiClientBuilder issued_after(const PassOutcome& outcome) {
  return issued().with_status(summarise(issued().object(), outcome, kNow));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Shown,
    ::testing::Values(
        ShownRow{"Succeeded", fresh, success(), "True Issued", "True UpToDate", "True Published", "-", "-"},
        ShownRow{"WaitsBeforeTheFirstIssue", fresh, held("RegistryNotFound"), "False RegistryNotFound",
                 "False RegistryNotFound", "False RegistryNotFound", "True RegistryNotFound", "-"},
        ShownRow{"StallsBeforeTheFirstIssue", fresh, held("ScopeNotAllowed", true), "False ScopeNotAllowed",
                 "False ScopeNotAllowed", "False ScopeNotAllowed", "-", "True ScopeNotAllowed"},
        ShownRow{"OutageOfAWorkingClient", issued, outage(), "True Issued", "Unknown RegistryUnreachable",
                 "True Published", "-", "-"},
        ShownRow{"OutageWhileTheSpecWaits", issued_and_changed, outage(), "Unknown RegistryUnreachable",
                 "Unknown RegistryUnreachable", "True Published", "True RegistryUnreachable", "-"},
        ShownRow{"OutageWhileTheSecretIsLost", issued, held("RegistryUnreachable"),
                 "False RegistryUnreachable", "Unknown RegistryUnreachable", "True Published",
                 "True RegistryUnreachable", "-"},
        ShownRow{"RegistryIsGone", issued, held("RegistryNotFound"), "False RegistryNotFound",
                 "Unknown RegistryNotFound", "True Published", "True RegistryNotFound", "-"},
        ShownRow{"OutageAfterTheRegistryWasGone", [] { return issued_after(held("RegistryNotFound")); },
                 outage(), "Unknown RegistryUnreachable", "Unknown RegistryUnreachable", "True Published",
                 "True RegistryUnreachable", "-"},
        ShownRow{"OutageAfterAStall", [] { return issued_after(held("ScopeNotAllowed", true)); }, outage(),
                 "Unknown RegistryUnreachable", "Unknown RegistryUnreachable", "True Published",
                 "True RegistryUnreachable", "-"},
        ShownRow{"StallsWhenIssued", issued, held("ScopeNotAllowed", true), "False ScopeNotAllowed",
                 "True UpToDate", "True Published", "-", "True ScopeNotAllowed"},
        ShownRow{"RecoversFromAStall", [] { return issued_after(held("ScopeNotAllowed", true)); }, success(),
                 "True Issued", "True UpToDate", "True Published", "-", "-"},
        ShownRow{"RecoversFromAnOutage", [] { return issued_after(outage()); }, success(), "True Issued",
                 "True UpToDate", "True Published", "-", "-"},
        ShownRow{"DeletionBlocked", issued, DeletionHeld{.reason = "RegistryUnreachable", .message = "why"},
                 "False DeletionBlocked", "True UpToDate", "True Published", "-", "-"}),
    test::RowName());

TEST(Summary, OfSuccessHasEverythingThatIsKnown) {
  Succeeded done = success();
  done.previous = api::PreviousStatus{.revision = 1, .id = "c0", .retire_at = kNow};
  const auto status = summarise(an_api_client().object(), done, kNow);
  EXPECT_EQ(status.client_id, test::kClientId);
  EXPECT_EQ(status.registry, done.registry);
  EXPECT_EQ(status.binding_name, "invoices");
  EXPECT_EQ(status.credential->id, "c1");
  EXPECT_EQ(status.rotation.strategy, "Overlap");
  EXPECT_EQ(status.effective->secret_name, "invoices");
  EXPECT_EQ(kube::find_condition(status.conditions, api::kPreviousSecretActive)->message,
            "revision 1 works until 2026-01-02T03:04:05Z");
}

TEST(Summary, TheOverlapIsShownWhileItLasts) {
  Succeeded overlapping = success();
  overlapping.previous = api::PreviousStatus{.revision = 1, .retire_at = kNow};
  const auto during = summarise(issued().object(), overlapping, kNow);
  EXPECT_EQ(shown(during, api::kPreviousSecretActive), "True Overlap");
  const auto over = summarise(issued().with_status(during).object(), success(), kNow);
  EXPECT_EQ(shown(over, api::kPreviousSecretActive), "-");
  EXPECT_FALSE(over.previous);
}

TEST(Summary, FailuresAreCountedOnlyWhenTheyAreTheClientsOwn) {
  const auto once = summarise(fresh().object(), counted(held("CredentialRejected")), kNow);
  EXPECT_EQ(once.failure_count, 1);
  EXPECT_EQ(once.failure_time, kNow);
  const auto twice =
      summarise(fresh().with_status(once).object(), counted(held("CredentialRejected")), kNow + 1s);
  EXPECT_EQ(twice.failure_count, 2);
  EXPECT_EQ(twice.failure_time, kNow + 1s);
  const auto waiting = summarise(fresh().with_status(twice).object(), held("RegistryUnreachable"), kNow);
  EXPECT_EQ(waiting.failure_count, 0);
  EXPECT_FALSE(waiting.failure_time);
}

TEST(Summary, AFenceEndsWithSuccessOnly) {
  api::ApiClientStatus status;
  status.rotation.in_progress = api::InProgress{.operation_id = "op"};
  const auto client = fresh().with_status(status).object();
  EXPECT_TRUE(summarise(client, held("RegistryUnreachable"), kNow).rotation.in_progress);
  Succeeded done = success();
  done.rotation = record_rotation(client.status.rotation, {}, false, kNow);
  EXPECT_FALSE(summarise(client, done, kNow).rotation.in_progress);
}

// Tokens

TEST(RotateToken, IsToldByTheRecordOfThePass) {
  Succeeded done = success();
  done.rotation = {.last_handled_token = "one:now", .handled_ids = {"one"}};
  EXPECT_EQ(summarise(an_api_client().object(), done, kNow).rotation, done.rotation);
}

TEST(RotateToken, ThatWaitsIsAConditionWithItsTime) {
  Succeeded done = success();
  done.waiting = Waiting{.token = "two", .until = kNow + 1min};
  const auto waiting = summarise(an_api_client().object(), done, kNow);
  const auto* rotating = kube::find_condition(waiting.conditions, api::kRotating);
  ASSERT_NE(rotating, nullptr);
  EXPECT_EQ(rotating->reason, "WaitingForOverlap");
  EXPECT_THAT(rotating->message, ::testing::HasSubstr("token two waits until 2026-01-02T03:05:05Z"));
  const auto over = summarise(an_api_client().with_status(waiting).object(), success(), kNow);
  EXPECT_EQ(kube::find_condition(over.conditions, api::kRotating), nullptr);
}

TEST(Overlap, ThatCannotEndByTimeNamesTheClock) {
  Succeeded done = success();
  done.previous = api::PreviousStatus{.revision = 1, .retire_at = kNow};
  done.clock_is_wrong = true;
  const auto status = summarise(an_api_client().object(), done, kNow);
  const auto* overlap = kube::find_condition(status.conditions, api::kPreviousSecretActive);
  ASSERT_NE(overlap, nullptr);
  EXPECT_EQ(overlap->reason, "ClockSkew");
  EXPECT_THAT(overlap->message, ::testing::HasSubstr("revoke-previous"));
}

TEST(ReconcileToken, IsRememberedWhenItIsTakenAway) {
  auto client = an_api_client();
  const auto handled =
      summarise(client.annotated(api::kReconcileAnnotation, "now").object(), success(), kNow);
  EXPECT_EQ(handled.last_handled_reconcile, "now");
  const auto without = summarise(an_api_client().with_status(handled).object(), success(), kNow);
  EXPECT_EQ(without.last_handled_reconcile, "now");
}

TEST(ReconcileToken, WaitsForSuccess) {
  const auto client = an_api_client().annotated(api::kReconcileAnnotation, "now").object();
  EXPECT_EQ(summarise(client, outage(), kNow).last_handled_reconcile, "");
}

}  // namespace
}  // namespace apiclient::reconciler
