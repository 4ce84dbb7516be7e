#include "api/api_client_summary.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "api/names.h"
#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::api {
namespace {

using kube::ConditionStatus;
using test::an_api_client;
using test::ApiClientBuilder;

ApiClientSummary summary_of(const ApiClientBuilder& client) {
  return read_api_client_summary(client.json()).value();
}

TEST(ApiClientSummary, OfANewObjectKnowsNothingYet) {
  const ApiClientSummary summary = summary_of(an_api_client());
  EXPECT_EQ(summary.key, (kube::ObjectKey{"team-a", "invoices"}));
  EXPECT_EQ(summary.uid, test::kUid);
  EXPECT_EQ(summary.resource_version, "7");
  EXPECT_EQ(summary.generation, 1);
  EXPECT_EQ(summary.observed_generation, -1);
  EXPECT_EQ(summary.secret_name, "invoices");
  EXPECT_EQ(summary.binding_name, "");
  EXPECT_EQ(summary.pinned_registry, "");
  EXPECT_EQ(summary.ready, ConditionStatus::unknown);
  EXPECT_TRUE(summary.tokens_handled);
  EXPECT_FALSE(summary.has_finalizer || summary.deleting || summary.stalled || summary.reconciling ||
               summary.overlap_active);
}

TEST(ApiClientSummary, OfAnIssuedObjectIsWhatTheStatusSays) {
  const ApiClientSummary summary = summary_of(an_api_client().issued(3));
  EXPECT_EQ(summary.observed_generation, 1);
  EXPECT_EQ(summary.revision, 3);
  EXPECT_EQ(summary.binding_name, "invoices");
  EXPECT_EQ(summary.pinned_registry, "default");
  EXPECT_EQ(summary.ready, ConditionStatus::true_value);
  EXPECT_EQ(summary.registered, ConditionStatus::true_value);
  EXPECT_TRUE(summary.has_finalizer);
}

TEST(ApiClientSummary, KnowsWhenTheNextRotationIsAnnounced) {
  auto client = an_api_client().issued();
  ApiClientStatus status = client.object().status;
  EXPECT_EQ(summary_of(client).next_rotation, std::nullopt);
  status.rotation.next_time = WallTime(std::chrono::seconds(1767323045));
  EXPECT_EQ(summary_of(client.with_status(status)).next_rotation, status.rotation.next_time);
}

TEST(ApiClientSummary, KnowsTheRegistryAskedForAndTheSecretName) {
  const auto client =
      an_api_client().with_spec({{"registryRef", {{"name", "other"}}}, {"secret", {{"name", "creds"}}}});
  EXPECT_EQ(summary_of(client).registry_name, "other");
  EXPECT_EQ(summary_of(client).secret_name, "creds");
}

TEST(ApiClientSummary, AnUnreadableObjectIsAnError) {
  Json json = an_api_client().json();
  json["spec"]["displayName"] = 5;
  EXPECT_THAT(read_api_client_summary(json), test::has_error(ErrorKind::invalid));
}

struct FlagRow {
  std::string name;
  std::function<void(ApiClientStatus&)> status;
  bool stalled;
  bool reconciling;
  bool overlap;
};
class Flags : public ::testing::TestWithParam<FlagRow> {};

TEST_P(Flags, FollowTheStatus) {
  ApiClientStatus status = an_api_client().issued().object().status;
  GetParam().status(status);
  const ApiClientSummary summary = summary_of(an_api_client().with_status(status).deleting());
  EXPECT_EQ(summary.stalled, GetParam().stalled);
  EXPECT_EQ(summary.reconciling, GetParam().reconciling);
  EXPECT_EQ(summary.overlap_active, GetParam().overlap);
  EXPECT_TRUE(summary.deleting);
}

void add(ApiClientStatus& status, std::string_view type, ConditionStatus value) {
  status.conditions.push_back({.type = std::string(type), .status = value, .reason = "Why"});
}

INSTANTIATE_TEST_SUITE_P(
    Status, Flags,
    ::testing::Values(
        FlagRow{"Plain", [](ApiClientStatus&) {}, false, false, false},
        FlagRow{"Stalled", [](ApiClientStatus& s) { add(s, kStalled, ConditionStatus::true_value); }, true,
                false, false},
        FlagRow{"NotStalled", [](ApiClientStatus& s) { add(s, kStalled, ConditionStatus::false_value); },
                false, false, false},
        FlagRow{"Reconciling", [](ApiClientStatus& s) { add(s, kReconciling, ConditionStatus::true_value); },
                false, true, false},
        FlagRow{"Overlap", [](ApiClientStatus& s) { s.previous = PreviousStatus{.revision = 1}; }, false,
                false, true}),
    test::RowName());

struct TokenRow {
  std::string name;
  std::map<std::string_view, std::string> annotations;
  std::string refused;  ///< by the status
  bool handled;
};
class Tokens : public ::testing::TestWithParam<TokenRow> {};

/// The status says: rotate "done:now", revoke-previous "over" and reconcile "seen" were handled.
TEST_P(Tokens, AreHandledWhenTheStatusRepeatsThem) {
  ApiClientStatus status = an_api_client().issued().object().status;
  status.rotation.last_handled_token = "done:now";
  status.rotation.last_handled_revoke = "over";
  status.rotation.refused_token = GetParam().refused;
  status.last_handled_reconcile = "seen";
  auto client = an_api_client().with_status(status);
  for (const auto& [name, value] : GetParam().annotations) client.annotated(name, value);
  EXPECT_EQ(summary_of(client).tokens_handled, GetParam().handled);
}

INSTANTIATE_TEST_SUITE_P(
    Annotations, Tokens,
    ::testing::Values(
        TokenRow{"None", {}, "", true},
        TokenRow{"HandledRotate", {{kRotateAnnotation, "done:now"}}, "", true},
        TokenRow{"RefusedRotate", {{kRotateAnnotation, "bad"}}, "bad", true},
        TokenRow{
            "RefusedLongRotate", {{kRotateAnnotation, std::string(300, 'x')}}, std::string(256, 'x'), true},
        TokenRow{"RefusedRotateTakenAway", {}, "bad", false},
        TokenRow{"HandledAgainAfterARefusal", {{kRotateAnnotation, "done:now"}}, "bad", false},
        TokenRow{"NewRotate", {{kRotateAnnotation, "next"}}, "", false},
        TokenRow{"NewRotateAfterARefusal", {{kRotateAnnotation, "next"}}, "bad", false},
        TokenRow{"ChangedSuffix", {{kRotateAnnotation, "done"}}, "", false},
        TokenRow{"HandledRevoke", {{kRevokePreviousAnnotation, "over"}}, "", true},
        TokenRow{"NewRevoke", {{kRevokePreviousAnnotation, "next"}}, "", false},
        TokenRow{"HandledReconcile", {{kReconcileAnnotation, "seen"}}, "", true},
        TokenRow{"NewReconcile", {{kReconcileAnnotation, "again"}}, "", false},
        TokenRow{
            "OneOfTwoIsNew", {{kRotateAnnotation, "done:now"}, {kReconcileAnnotation, "again"}}, "", false}),
    test::RowName());

}  // namespace
}  // namespace apiclient::api
