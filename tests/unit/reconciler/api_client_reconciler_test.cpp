#include "reconciler/api_client_reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/conditions.h"
#include "api/names.h"
#include "base/encoding.h"
#include "support/matchers.h"
#include "unit/reconciler/world.h"

namespace apiclient::reconciler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using test::a_registry;
using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using test::Verb;
using test::World;

Error unavailable(int status_code = 503) {
  return {.kind = ErrorKind::unavailable, .message = "no answer", .status_code = status_code};
}

class Reconcile : public ::testing::Test {
 protected:
  void issue(const test::ApiClientBuilder& client = an_api_client()) {
    world_.apply(client);
    ASSERT_TRUE(world_.settle());
    ASSERT_EQ(world_.condition(api::kReady), "True Issued");
    world_.clear_records();
  }

  /// The promise: one client, nothing staged, what is published works, everybody agrees on the revision.
  void expect_well(std::int64_t revision = 1) {
    EXPECT_THAT(world_.backend.client_ids(), ElementsAre(kClientId));
    EXPECT_THAT(world_.staged(), IsEmpty());
    EXPECT_TRUE(world_.backend.accepts(kClientId, world_.published_value()));
    EXPECT_EQ(world_.condition(api::kReady), "True Issued");
    EXPECT_EQ(world_.client()["status"]["credential"]["revision"], revision);
    EXPECT_EQ(world_.secret()["metadata"]["annotations"]["apiclient.dev/revision"], std::to_string(revision));
  }

  std::vector<std::string> writes() {
    std::vector<std::string> texts;
    for (const auto& write : world_.kube.writes()) {
      texts.push_back(std::string(test::to_string(write.verb)) + " " + write.resource);
    }
    return texts;
  }

  World world_;
};

// Create

TEST_F(Reconcile, IssuesWithFiveWritesAndThreeCalls) {
  world_.apply(an_api_client());
  ASSERT_THAT(world_.pass(), test::is_ok());
  expect_well();
  EXPECT_THAT(writes(), ElementsAre("merge_patch apiclients", "create secrets", "create secrets",
                                    "replace_status apiclients", "remove secrets"));
  EXPECT_EQ(world_.backend.count(BackendOperation::find), 1);
  EXPECT_EQ(world_.backend.count(BackendOperation::create), 1);
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 1);
  EXPECT_THAT(world_.backend.calls(), SizeIs(3));
}

TEST_F(Reconcile, RestsAfterwardsWithoutAnyRead) {
  issue();
  const int reads = world_.kube.calls(Verb::find, "secrets") + world_.kube.calls(Verb::find, "apiclients");
  const auto action = world_.pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_GT(action->after, 0ms) << "the next full look is planned";
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
  EXPECT_EQ(world_.kube.calls(Verb::find, "secrets") + world_.kube.calls(Verb::find, "apiclients"), reads);
}

TEST_F(Reconcile, ARestartReadsAndWritesNothing) {
  issue();
  world_.restart();
  const int reads = world_.kube.calls(Verb::find, "secrets") + world_.kube.calls(Verb::find, "apiclients");
  ASSERT_THAT(world_.pass(), test::is_ok());
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_THAT(world_.backend.calls(), IsEmpty());
  EXPECT_EQ(world_.kube.calls(Verb::find, "secrets") + world_.kube.calls(Verb::find, "apiclients"), reads);
}

TEST_F(Reconcile, AResyncLooksAtEverythingAndWritesNothing) {
  issue();
  world_.clock.advance(12min);
  ASSERT_TRUE(world_.settle());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::find), 1);
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0) << "verification is never done by timer";
  EXPECT_THAT(writes(), IsEmpty());
}

TEST_F(Reconcile, APublicClientIsFencedByTheStatusAndHasNoSecret) {
  world_.apply(an_api_client().with_spec({{"type", "Public"}, {"redirectUris", {"https://a.test"}}}));
  ASSERT_THAT(world_.pass(), test::is_ok());
  EXPECT_THAT(writes(), ElementsAre("merge_patch apiclients", "replace_status apiclients", "create secrets",
                                    "replace_status apiclients"));
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  EXPECT_FALSE(world_.secret()["data"].contains("client-secret"));
  EXPECT_FALSE(world_.client()["status"].contains("credential"));
  EXPECT_FALSE(world_.client()["status"].contains("rotation"));
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0);
}

TEST_F(Reconcile, ATokenAtFirstIssuanceIsConsumedByIt) {
  issue(an_api_client().annotated(api::kRotateAnnotation, "first:now"));
  EXPECT_EQ(world_.client()["status"]["rotation"]["lastHandledToken"], "first:now");
  EXPECT_EQ(world_.secret()["metadata"]["annotations"]["apiclient.dev/handled-rotate"], "first");
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(writes(), IsEmpty());
  expect_well(1);
}

// Change

TEST_F(Reconcile, UpdatesTheClientAndKeepsItsSecret) {
  issue();
  const std::string value = world_.published_value();
  world_.patch_client({{"spec", {{"displayName", "New name"}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.client(kClientId)->registered.settings.client_name, "New name");
  EXPECT_EQ(world_.client()["status"]["observedGeneration"], 2);
  EXPECT_EQ(world_.published_value(), value);
  EXPECT_THAT(writes(), ElementsAre("replace_status apiclients"));
  expect_well();
}

TEST_F(Reconcile, RepairsWhatSomebodyChangedInTheRegistry) {
  issue();
  auto client = *world_.backend.client(kClientId);
  client.registered.settings.client_name = "changed by hand";
  world_.backend.put(client);
  world_.clock.advance(12min);
  ASSERT_TRUE(world_.settle());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.client(kClientId)->registered.settings.client_name, "Invoice exporter");
  EXPECT_THAT(writes(), IsEmpty());
}

TEST_F(Reconcile, TheReconcileTokenVerifiesOnce) {
  issue();
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "1"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 1);
  EXPECT_EQ(world_.client()["status"]["lastHandledReconcile"], "1");
  world_.clear_records();
  world_.patch_client({{"metadata", {{"annotations", nullptr}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0) << "the absence of a token never acts";
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "1"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0) << "a token acts once";
  EXPECT_THAT(writes(), IsEmpty());
}

// The Secret in other hands

TEST_F(Reconcile, ALostSecretComesBackWithTheNextRevision) {
  issue();
  const std::string lost = world_.published_value();
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_TRUE(world_.backend.accepts(kClientId, lost)) << "it stays valid for the overlap";
  EXPECT_EQ(world_.client()["status"]["previous"]["revision"], 1);
  EXPECT_EQ(world_.condition(api::kPreviousSecretActive), "True Overlap");
}

TEST_F(Reconcile, TheOverlapEnds) {
  issue();
  const std::string lost = world_.published_value();
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  world_.clear_records();
  world_.clock.advance(59min);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.backend.accepts(kClientId, lost));
  EXPECT_THAT(writes(), IsEmpty());
  world_.clock.advance(2min);
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(world_.backend.accepts(kClientId, lost));
  EXPECT_EQ(world_.condition(api::kPreviousSecretActive), "-");
  EXPECT_FALSE(world_.client()["status"].contains("previous"));
  expect_well(2);
}

TEST_F(Reconcile, AnOverwrittenValueIsReplaced) {
  issue();
  world_.patch_secret({{"data", {{"client-secret", base64_encode("garbage")}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_NE(world_.published_value(), "garbage");
  expect_well(2);
}

TEST_F(Reconcile, ForeignKeysAreRemovedAndForeignLabelsStay) {
  issue();
  world_.patch_secret({{"data", {{"extra", "eA=="}}}, {"metadata", {{"labels", {{"theirs", "kept"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(world_.secret()["data"].contains("extra"));
  EXPECT_EQ(world_.secret()["metadata"]["labels"]["theirs"], "kept");
  expect_well(1);
}

TEST_F(Reconcile, AForeignSecretIsNeverTouched) {
  const Json foreign = world_.kube.put(kube::kSecrets, test::a_target_secret().foreign().json());
  world_.apply(an_api_client());
  const auto action = world_.pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_TRUE(action->after) << "it may go without an event that is watched";
  EXPECT_EQ(world_.condition(api::kStalled), "True SecretNameConflict");
  EXPECT_EQ(world_.secret(), foreign);
  EXPECT_THAT(world_.staged(), IsEmpty());
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
}

TEST_F(Reconcile, AForeignSecretThatAppearsBeforeTheWriteIsNeverTouched) {
  Json foreign;
  world_.kube.on_write([&](const test::FakeKube::Write& write) {
    if (write.resource != "secrets" || write.key != test::kSecretKey || !foreign.is_null()) return;
    foreign = world_.kube.put(kube::kSecrets, test::a_target_secret().foreign().json());
  });
  world_.apply(an_api_client());
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::already_exists));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True SecretNameConflict");
  EXPECT_EQ(world_.secret(), foreign);
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  expect_well();
}

TEST_F(Reconcile, OfTwoClientsWithOneSecretNameTheOlderWins) {
  const Json shared{{"secret", {{"name", "invoices"}}}};
  world_.apply(an_api_client().named("younger", "uid-younger").created_at("2026-01-01T00:00:01Z").with_spec(shared));
  world_.apply(an_api_client());
  EXPECT_THAT(world_.pass({"team-a", "younger"}), test::is_ok());
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty()) << "the loser mints nothing";
  ASSERT_TRUE(world_.settle());
  expect_well();
}

TEST_F(Reconcile, AnImmutableSecretIsRefusedBeforeAnythingIsStaged) {
  issue();
  world_.patch_secret({{"immutable", true}});
  world_.patch_client({{"spec", {{"displayName", "New name"}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True SecretImmutable");
  EXPECT_THAT(world_.staged(), IsEmpty());
  EXPECT_EQ(world_.backend.count(BackendOperation::update), 0);
}

// Replies that are lost

struct LostReply {
  std::string name;
  std::function<void(World&)> lose;
};
class LostReplies : public Reconcile, public ::testing::WithParamInterface<LostReply> {};

TEST_P(LostReplies, AreMadeUpForAtFirstIssuance) {
  GetParam().lose(world_);
  world_.apply(an_api_client());
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LostReplies,
    ::testing::Values(
        LostReply{"Finalizer", [](World& w) { w.kube.lose_reply_next(Verb::merge_patch, "apiclients"); }},
        LostReply{"StageOrPublish", [](World& w) { w.kube.lose_reply_next(Verb::create, "secrets"); }},
        LostReply{"Publish",
                  [](World& w) {
                    w.kube.on_write([&w](const test::FakeKube::Write& write) {
                      if (write.key == test::kSecretKey && w.secret().is_null()) {
                        w.kube.on_write(nullptr);
                        w.kube.lose_reply_next(Verb::create, "secrets");
                      }
                    });
                  }},
        LostReply{"Create", [](World& w) { w.backend.lose_reply_next(BackendOperation::create); }},
        LostReply{"Status", [](World& w) { w.kube.lose_reply_next(Verb::replace_status, "apiclients"); }},
        LostReply{"Unstage", [](World& w) { w.kube.lose_reply_next(Verb::remove, "secrets"); }},
        LostReply{"StatusConflict",
                  [](World& w) {
                    w.kube.on_write([&w](const test::FakeKube::Write& write) {
                      if (write.verb != Verb::replace_status) return;
                      w.kube.on_write(nullptr);
                      w.patch_client({{"metadata", {{"labels", {{"somebody", "else"}}}}}});
                    });
                  }}),
    test::RowName());

TEST_F(Reconcile, ALostReplyOfAnAddedSecretIsMadeUpFor) {
  issue();
  world_.lose_secret();
  world_.backend.lose_reply_next(BackendOperation::add_credential);
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::unavailable));
  EXPECT_THAT(world_.take_suspects(), ElementsAre("default"));
  ASSERT_TRUE(world_.settle());
  expect_well(2);
  EXPECT_THAT(world_.backend.client(kClientId)->registered.credentials, SizeIs(2));
}

TEST_F(Reconcile, ALostReplyOfAnUpdateIsMadeUpFor) {
  issue();
  world_.patch_client({{"spec", {{"displayName", "New name"}}}});
  world_.backend.lose_reply_next(BackendOperation::update);
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::update), 1);
  expect_well();
}

// Verification

TEST_F(Reconcile, NothingIsPublishedBeforeTheTokenEndpointAnswers) {
  world_.backend.make_verdict_unknown(true);
  world_.apply(an_api_client());
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::unavailable));
  EXPECT_TRUE(world_.secret().is_null());
  EXPECT_EQ(world_.condition(api::kReady), "False VerificationPending");
  EXPECT_THAT(world_.staged(), SizeIs(1));
  world_.backend.make_verdict_unknown(false);
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

TEST_F(Reconcile, ARejectedSecretIsReplacedAndTheThirdTimeStalls) {
  world_.backend.reject_next_verifications(3);
  world_.apply(an_api_client());
  for (int count = 1; count <= 2; ++count) {
    EXPECT_FALSE(world_.pass().has_value());
    EXPECT_EQ(world_.client()["status"]["failure"]["count"], count);
    EXPECT_EQ(world_.condition(api::kStalled), "-");
    EXPECT_THAT(world_.staged(), IsEmpty());
    EXPECT_THAT(world_.backend.client(kClientId)->registered.credentials, IsEmpty());
  }
  const auto third = world_.pass();
  ASSERT_THAT(third, test::is_ok());
  EXPECT_FALSE(third->after) << "a person has to act";
  EXPECT_EQ(world_.condition(api::kStalled), "True CredentialRejected");
  EXPECT_TRUE(world_.secret().is_null());
  world_.patch_client({{"spec", {{"displayName", "Try again"}}}});
  ASSERT_TRUE(world_.settle());
  expect_well(4);
}

TEST_F(Reconcile, ACrashBetweenRetiringAndUnstagingARejectedSecretIsSurvived) {
  world_.backend.reject_next_verifications(1);
  world_.kube.fail_next(Verb::remove, "secrets", unavailable());
  world_.apply(an_api_client());
  EXPECT_FALSE(world_.pass().has_value());
  EXPECT_THAT(world_.staged(), SizeIs(1)) << "its secret is retired, it is still staged";
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

TEST_F(Reconcile, AReregisteredClientIsNotReadyBeforeItsSecretIsAccepted) {
  issue();
  world_.backend.drop_all();
  world_.backend.make_verdict_unknown(true);
  world_.clock.advance(12min);
  (void)world_.pass();
  EXPECT_FALSE(world_.pass().has_value());
  EXPECT_FALSE(world_.pass().has_value()) << "still not verified";
  EXPECT_EQ(world_.condition(api::kRegistered), "Unknown VerificationPending");
  world_.backend.make_verdict_unknown(false);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kRegistered), "True UpToDate");
  expect_well(1);
}

TEST_F(Reconcile, AReregisteredClientWhoseSecretIsRejectedGetsANewOne) {
  issue();
  world_.backend.drop_all();
  world_.backend.reject_next_verifications(2);
  world_.clock.advance(12min);
  (void)world_.pass();
  EXPECT_FALSE(world_.pass().has_value());
  ASSERT_TRUE(world_.settle());
  expect_well(2);
}

// The registry

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
    ::testing::Values(RegistryRow{"ServerError", unavailable(500), "ServerError"},
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

// The API server

TEST_F(Reconcile, ARefusedSecretIsShown) {
  world_.apply(an_api_client());
  world_.kube.terminate_namespace(test::kNamespace);
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::forbidden));
  EXPECT_EQ(world_.condition(api::kReady), "False SecretRefused");
  EXPECT_EQ(world_.condition(api::kReconciling), "True SecretRefused");
}

TEST_F(Reconcile, ASecretThatARuleRefusesStallsAndLooksAgain) {
  world_.apply(an_api_client());
  world_.backend.before_next(BackendOperation::create, [this] {
    world_.kube.fail_next(Verb::create, "secrets", {.kind = ErrorKind::invalid, .message = "policy", .status_code = 422});
  });
  const auto action = world_.pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_TRUE(action->after) << "the rule may go without an event";
  EXPECT_EQ(world_.condition(api::kStalled), "True SecretRefused");
  ASSERT_TRUE(world_.settle());
  expect_well(1);
}

TEST_F(Reconcile, ForbiddenIsShownAsRetrying) {
  world_.kube.fail_next(Verb::create, "secrets", {.kind = ErrorKind::forbidden, .message = "no right"});
  world_.apply(an_api_client());
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::forbidden));
  EXPECT_EQ(world_.condition(api::kReady), "False Retrying");
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
}

TEST_F(Reconcile, MintsNothingWhenAReadFails) {
  world_.apply(an_api_client());
  for (int i = 0; i < 2; ++i) {
    if (i == 1) world_.backend.fail_next(BackendOperation::find, unavailable());
    if (i == 0) world_.kube.fail_next(Verb::find, "secrets", unavailable());
    EXPECT_FALSE(world_.pass().has_value());
    EXPECT_THAT(world_.staged(), IsEmpty());
    EXPECT_THAT(world_.backend.client_ids(), IsEmpty());
  }
}

TEST_F(Reconcile, AnObjectThatIsGoneIsForgotten) {
  issue();
  world_.kube.erase(api::kApiClients, test::kClientKey);
  const auto action = world_.pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_FALSE(action->after);
  EXPECT_THAT(writes(), IsEmpty());
}

TEST_F(Reconcile, ARecreatedObjectTakesItsClientAndItsSecretOver) {
  issue();
  const std::string value = world_.published_value();
  world_.kube.erase(api::kApiClients, test::kClientKey);
  ASSERT_TRUE(world_.settle());
  world_.apply(an_api_client().named(test::kName, "uid-of-the-next"));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.client(kClientId)->registered.mark->uid, "uid-of-the-next");
  EXPECT_EQ(world_.secret()["metadata"]["annotations"]["apiclient.dev/owner-uid"], "uid-of-the-next");
  EXPECT_EQ(world_.published_value(), value) << "nothing is minted";
  expect_well(1);
}

// Secrets stay secret

TEST_F(Reconcile, NoSecretIsInStatusLogsOrErrors) {
  world_.backend.reject_next_verifications(1);
  world_.apply(an_api_client());
  const auto failed = world_.pass();
  ASSERT_FALSE(failed.has_value());
  ASSERT_TRUE(world_.settle());
  const std::string value = world_.published_value();
  ASSERT_THAT(value, SizeIs(43));
  for (const std::string& secret : {value, base64_encode(value)}) {
    EXPECT_THAT(world_.client().dump(), Not(HasSubstr(secret)));
    EXPECT_THAT(world_.logs.text(), Not(HasSubstr(secret)));
    EXPECT_THAT(failed.error().message, Not(HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace apiclient::reconciler
