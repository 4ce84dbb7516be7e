#include "reconciler/status_events.h"

#include <gmock/gmock.h>

#include <functional>

#include "api/conditions.h"
#include "support/builders.h"

namespace apiclient::reconciler {
namespace {

using api::ApiClientStatus;
using kube::ConditionStatus;
using test::a_registry;
using test::an_api_client;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallTime kNow{std::chrono::seconds(1767323045)};

void set(std::vector<kube::Condition>& conditions, std::string_view type, ConditionStatus status,
         const std::string& reason, const std::string& message = "as it says") {
  kube::set_condition(
      conditions, {.type = std::string(type), .status = status, .reason = reason, .message = message}, kNow);
}

std::vector<std::string> texts_of(const std::vector<kube::Event>& events) {
  std::vector<std::string> texts;
  for (const kube::Event& event : events)
    texts.push_back(std::string(kube::to_string(event.type)) + " " + event.reason + " " + event.action);
  return texts;
}

api::ApiClient issued_client(std::int64_t revision = 1) { return an_api_client().issued(revision).object(); }

void mint(ApiClientStatus& status) {
  status.credential = api::CredentialStatus{.revision = 2, .id = "c2", .hint = "wxyz"};
  status.previous = api::PreviousStatus{.revision = 1, .id = "c1", .retire_at = kNow};
}

struct Row {
  std::string name;
  api::ApiClient client;
  std::function<void(ApiClientStatus&)> change;
  std::vector<std::string> expected;
  std::string note = {};
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class StatusChange : public ::testing::TestWithParam<Row> {};

TEST_P(StatusChange, BecomesEvents) {
  const Row& row = GetParam();
  ApiClientStatus after = row.client.status;
  row.change(after);
  const auto events = events_between(row.client, after);
  EXPECT_THAT(texts_of(events), ElementsAreArray(row.expected));
  for (const kube::Event& event : events) {
    EXPECT_THAT(event.note, HasSubstr(row.note));
    EXPECT_EQ(event.regarding.uid, row.client.meta.uid);
    EXPECT_EQ(event.regarding.kind, "ApiClient");
    EXPECT_EQ(event.regarding.api_version, "apiclient.dev/v1alpha1");
  }
}

api::ApiClient client_with(const std::function<void(ApiClientStatus&)>& status) {
  api::ApiClient client = issued_client();
  status(client.status);
  return client;
}

void stall(ApiClientStatus& status, const std::string& reason) {
  set(status.conditions, api::kReady, ConditionStatus::false_value, reason);
  set(status.conditions, api::kStalled, ConditionStatus::true_value, reason, "set spec.secret.name");
}
void block(ApiClientStatus& status, const std::string& reason) {
  set(status.conditions, api::kDeletionBlocked, ConditionStatus::true_value, reason);
}

INSTANTIATE_TEST_SUITE_P(
    Table, StatusChange,
    ::testing::Values(
        Row{"nothing_changed", issued_client(), [](auto&) {}, {}},
        Row{"first_status", an_api_client().object(), [](auto& after) { after.observed_generation = 1; }, {}},
        Row{"a_fence",
            an_api_client().object(),
            [](auto& after) { after.rotation.in_progress = api::InProgress{.client_id = "x"}; },
            {}},
        Row{"issued",
            an_api_client().object(),
            [](auto& after) {
              after = issued_client().status;
              after.credential->hint = "abcd";
            },
            {"Normal Issued Issue"},
            "client acme_team-a_invoices is issued, and Secret invoices published with revision 1, which "
            "ends in abcd"},
        Row{"issued_with_a_short_secret",
            an_api_client().object(),
            [](auto& after) { after = issued_client().status; },
            {"Normal Issued Issue"},
            "with revision 1"},
        Row{"issued_without_a_secret",
            an_api_client().object(),
            [](auto& after) {
              after = issued_client().status;
              after.credential.reset();
            },
            {"Normal Issued Issue"},
            "Secret invoices published"},
        Row{"a_lost_secret_was_replaced",
            issued_client(),
            [](auto& after) { mint(after); },
            {"Normal CredentialRecovered Recover"},
            "revision 2, which ends in wxyz; revision 1 works until "
            "2026-01-02T03:04:05Z"},
        Row{"a_lost_secret_was_replaced_after_a_rotation",
            client_with([](auto& status) { status.rotation.last_reason = "Requested"; }),
            [](auto& after) {
              mint(after);
              after.rotation.last_time = kNow;
              after.rotation.last_reason = "Recovered";
            },
            {"Normal CredentialRecovered Recover"}},
        Row{"rotated",
            issued_client(),
            [](auto& after) {
              mint(after);
              after.rotation.last_time = kNow;
              after.rotation.last_reason = "Requested";
            },
            {"Normal Rotated Rotate"},
            "(Requested): Secret invoices has revision 2"},
        Row{"the_previous_secret_ended",
            client_with([](auto& status) { status.previous = api::PreviousStatus{.revision = 1}; }),
            [](auto& after) { after.previous.reset(); },
            {"Normal PreviousRetired Retire"},
            "revision 1"},
        Row{"a_token_was_refused",
            issued_client(),
            [](auto& after) {
              after.rotation.refused_token = "r1";
              after.rotation.refused_reason = "IdAlreadyUsed";
            },
            {"Warning TokenRefused Rotate"},
            "IdAlreadyUsed"},
        Row{"stalled",
            issued_client(),
            [](auto& after) { stall(after, "SecretNameConflict"); },
            {"Warning SecretNameConflict Reconcile"},
            "set spec.secret.name"},
        Row{"still_stalled",
            client_with([](auto& status) { stall(status, "SecretNameConflict"); }),
            [](auto& after) {
              set(after.conditions, api::kStalled, ConditionStatus::true_value, "SecretNameConflict", "new");
            },
            {}},
        Row{"stalled_for_another_reason",
            client_with([](auto& status) { stall(status, "SecretNameConflict"); }),
            [](auto& after) { stall(after, "InvalidSpec"); },
            {"Warning InvalidSpec Reconcile"}},
        Row{"an_outage_is_the_registrys_news",
            issued_client(),
            [](auto& after) {
              set(after.conditions, api::kRegistered, ConditionStatus::unknown, "RegistryUnreachable");
              set(after.conditions, api::kReconciling, ConditionStatus::true_value, "RegistryUnreachable");
            },
            {}},
        Row{"deletion_blocked",
            issued_client(),
            [](auto& after) { block(after, "RegistryUnreachable"); },
            {"Warning DeletionBlocked Delete"},
            "RegistryUnreachable: as it says"},
        Row{"deletion_still_blocked",
            client_with([](auto& status) { block(status, "RegistryUnreachable"); }),
            [](auto& after) { block(after, "RegistryUnreachable"); },
            {}},
        Row{"deletion_blocked_otherwise",
            client_with([](auto& status) { block(status, "RegistryUnreachable"); }),
            [](auto& after) { block(after, "ServerError"); },
            {"Warning DeletionBlocked Delete"}}),
    [](const auto& row) { return row.param.name; });

api::ClientRegistry registry_that_is(ConditionStatus status, const std::string& reason) {
  api::ClientRegistryStatus before;
  before.observed_generation = 1;
  set(before.conditions, api::kReady, status, reason);
  return a_registry().with_status(before).object();
}

api::ClientRegistryStatus then(ConditionStatus status, const std::string& reason) {
  return registry_that_is(status, reason).status;
}

TEST(RegistryStatusChange, IsToldWhenStateOrReasonIsAnother) {
  const auto ready = registry_that_is(ConditionStatus::true_value, "Reachable");
  const auto down = registry_that_is(ConditionStatus::false_value, "RegistryUnreachable");
  EXPECT_THAT(events_between(ready, then(ConditionStatus::true_value, "Reachable")), IsEmpty());
  EXPECT_THAT(events_between(down, then(ConditionStatus::false_value, "RegistryUnreachable")), IsEmpty());
  EXPECT_THAT(texts_of(events_between(ready, down.status)), ElementsAre("Warning RegistryUnreachable Probe"));
  EXPECT_THAT(texts_of(events_between(down, ready.status)), ElementsAre("Normal Reachable Probe"));
  EXPECT_THAT(texts_of(events_between(down, then(ConditionStatus::false_value, "ServerError"))),
              ElementsAre("Warning ServerError Probe"));
  const auto first = events_between(a_registry().object(), ready.status);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first.front().regarding.kind, "ClusterClientRegistry");
  EXPECT_EQ(first.front().note, "as it says");
}

}  // namespace
}  // namespace apiclient::reconciler
