// Registries that fail, refuse, change, or have the clients of others.

#include "base/encoding.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using test::a_registry;
using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using test::Verb;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(Reconcile, AnOutageTouchesNothingThatWorks) {
  issue();
  const Json secret = world_.secret();
  world_.registry_fails("RegistryUnreachable");
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  EXPECT_EQ(world_.condition(api::kRegistered), "Unknown RegistryUnreachable");
  EXPECT_EQ(world_.secret(), secret);
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
  world_.clear_records();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), IsEmpty()) << "an outage is written down once";
  world_.registry_recovers();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kRegistered), "True UpToDate");
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0);
}

TEST_F(Reconcile, AfterDegradedAfterAWorkingSecretIsNoLongerReady) {
  issue();
  const Json secret = world_.secret();
  world_.registry_fails("RegistryUnreachable");
  ASSERT_TRUE(world_.settle());
  world_.registry_fails("RegistryUnreachable", true);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "False RegistryUnreachable");
  EXPECT_EQ(world_.condition(api::kReconciling), "True RegistryUnreachable");
  EXPECT_EQ(world_.condition(api::kRegistered), "Unknown RegistryUnreachable");
  EXPECT_EQ(world_.secret(), secret);
  world_.clear_records();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), IsEmpty()) << "written down once";
  world_.registry_recovers();
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

TEST_F(Reconcile, ACallThatWasNotSentSharesTheReasonAndNoMore) {
  world_.backend.fail_next(BackendOperation::find, {.kind = ErrorKind::unavailable,
                                                    .message = "not sent: details",
                                                    .status_code = 503,
                                                    .code = "circuit_open"});
  world_.apply(an_api_client());
  EXPECT_FALSE(world_.pass().has_value());
  EXPECT_EQ(world_.condition(api::kReady), "False ServerError");
  EXPECT_EQ(world_.client()["status"]["conditions"].dump().find("details"), std::string::npos);
  EXPECT_THAT(world_.take_suspects(), ElementsAre("default"));
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

TEST_F(Reconcile, OurOwnRateLimitIsNobodysTrouble) {
  Error limited{.kind = ErrorKind::throttled, .message = "spec.rateLimit", .code = "rate_limited"};
  limited.retry_after = std::chrono::seconds(12);
  world_.backend.fail_next(BackendOperation::find, limited);
  world_.apply(an_api_client());
  const auto outcome = world_.pass();
  ASSERT_THAT(outcome, test::has_error(ErrorKind::throttled));
  EXPECT_EQ(outcome.error().retry_after, std::chrono::seconds(12));
  EXPECT_THAT(world_.take_suspects(), IsEmpty());
  EXPECT_EQ(world_.condition(api::kReady), "-") << "nothing to tell";
}

TEST_F(Reconcile, AnOutageWhileTheSecretIsLostIsNotReady) {
  issue();
  world_.registry_fails("RegistryUnreachable");
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "False RegistryUnreachable");
  EXPECT_EQ(world_.condition(api::kReconciling), "True RegistryUnreachable");
  world_.registry_recovers();
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

struct RegistryRow {
  std::string name;
  Error error;
  std::string reason;
};
class RegistryFailsMidPass : public Reconcile, public ::testing::WithParamInterface<RegistryRow> {};

TEST_P(RegistryFailsMidPass, IsShownSuspectedAndMadeUpFor) {
  world_.backend.fail_next(BackendOperation::create, GetParam().error);
  world_.apply(an_api_client());
  EXPECT_FALSE(world_.pass().has_value());
  EXPECT_EQ(world_.condition(api::kReady), "False " + GetParam().reason);
  EXPECT_THAT(world_.take_suspects(), ElementsAre("default"));
  EXPECT_THAT(world_.staged(), SizeIs(1));
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RegistryFailsMidPass,
    ::testing::Values(
        RegistryRow{"ServerError", unavailable(500), "ServerError"},
        RegistryRow{"NoAnswer", unavailable(0), "RegistryUnreachable"},
        RegistryRow{"Timeout", {.kind = ErrorKind::timeout, .message = "4 s"}, "RegistryUnreachable"},
        RegistryRow{"Refused", {.kind = ErrorKind::unauthorized, .message = "401"}, "CredentialsRefused"},
        RegistryRow{"Throttled", {.kind = ErrorKind::throttled, .message = "429"}, "Throttled"},
        RegistryRow{"Html", {.kind = ErrorKind::protocol, .message = "html"}, "UnexpectedAnswer"}),
    test::RowName());

TEST_F(Reconcile, ARefusedClientIsStalledAndLooksAgain) {
  world_.backend.fail_next(BackendOperation::create,
                           {.kind = ErrorKind::invalid, .message = "redirect_uris: no", .status_code = 400});
  world_.apply(an_api_client());
  const auto action = world_.pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_TRUE(action->after);
  EXPECT_EQ(world_.condition(api::kStalled), "True RefusedByRegistry");
  EXPECT_THAT(world_.take_suspects(), IsEmpty());
}

TEST_F(Reconcile, AClientOfAnotherInstallationIsNeverTouched) {
  auto other = test::a_registered_client({.client_id = kClientId}).marked_by("elsewhere", "x", "y").object();
  world_.backend.put({.registered = other});
  world_.apply(an_api_client());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True OwnedElsewhere");
  EXPECT_EQ(world_.backend.client(kClientId)->registered.mark->installation_id, "elsewhere");
  EXPECT_THAT(world_.staged(), IsEmpty());
  world_.backend.drop(kClientId);
  ASSERT_TRUE(world_.settle());
  expect_well();
}

TEST_F(Reconcile, AClientThatAppearsBeforeTheCreateIsNeverTouched) {
  auto other = test::a_registered_client({.client_id = kClientId}).unmarked().object();
  world_.backend.before_next(BackendOperation::create, [&] { world_.backend.put({.registered = other}); });
  world_.apply(an_api_client());
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True ClientIdConflict");
  EXPECT_THAT(world_.staged(), SizeIs(1)) << "kept: it goes on when the other client is gone";
  world_.backend.drop(kClientId);
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

TEST_F(Reconcile, AMintWhoseClientWasDeletedInTheRegistryBeginsAnew) {
  world_.apply(an_api_client());
  ASSERT_TRUE(world_.crashes_at("before verify"));
  ASSERT_THAT(world_.backend.remove(kClientId, test::kUid, {}), test::is_ok());
  const std::string operation = world_.staged().front()["data"]["operation-id"];
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::conflict));
  ASSERT_TRUE(world_.settle());
  expect_well(1);
  EXPECT_NE(world_.backend.client(kClientId)->registered.credentials.front().operation_id,
            base64_decode(operation).value());
}

TEST_F(Reconcile, WhatIsPublishedGivesWayWhenTheRegistryHasSeenANewerRevision) {
  issue();
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", "r1"}}}}}});
  ASSERT_TRUE(world_.crashes_at("after add-credential"));
  ASSERT_THAT(world_.backend.remove(kClientId, test::kUid, {}), test::is_ok());
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

TEST_F(Reconcile, AMintIsFinishedWhereItBegan) {
  world_.backend.fail_next(BackendOperation::create, unavailable());
  world_.apply(an_api_client());
  EXPECT_FALSE(world_.pass().has_value());
  world_.registry_is_gone();
  world_.registry_is(a_registry().named("other").with_spec({{"tenant", "second"}}));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True RegistryChanged");
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
  world_.registry_is(a_registry().named("other").not_default());
  world_.registry_is(a_registry());
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

TEST_F(Reconcile, WaitsForTheFirstProbeWithoutAWord) {
  world_.apply(an_api_client());
  world_.registry_awaits_its_probe();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), IsEmpty());
  world_.registry_recovers();
  ASSERT_TRUE(world_.settle());
  expect_well();
  world_.restart();
  world_.registry_awaits_its_probe();
  world_.clear_records();
  const int reads = world_.kube.calls(Verb::find, "apiclients");
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_EQ(world_.kube.calls(Verb::find, "apiclients"), reads);
}

TEST_F(Reconcile, WaitsForADefaultRegistry) {
  world_.registry_is_gone();
  world_.apply(an_api_client());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "False NoDefaultRegistry");
  EXPECT_EQ(world_.condition(api::kReconciling), "True NoDefaultRegistry");
  world_.registry_recovers();
  ASSERT_TRUE(world_.settle());
  expect_well();
}

TEST_F(Reconcile, TheNamespaceMustBeAllowed) {
  world_.registry_is(a_registry().with_spec({{"allowedNamespaces", {{"matchLabels", {{"tier", "gold"}}}}}}));
  world_.apply(an_api_client());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kReady), "False NamespaceNotAllowed");
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
  world_.label_namespace({{"tier", "gold"}});
  ASSERT_TRUE(world_.settle());
  expect_well();
}

}  // namespace
}  // namespace apiclient::reconciler
