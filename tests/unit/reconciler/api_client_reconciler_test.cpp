#include "reconciler/api_client_reconciler.h"

#include "api/names.h"
#include "base/encoding.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using test::Verb;

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

TEST_F(Reconcile, ARegistryThatDoesNotSayWhenASecretWasMadeCausesNoWrites) {
  issue();
  auto client = *world_.backend.client(kClientId);
  client.registered.credentials.front().created_at.reset();
  world_.backend.put(client);
  world_.clock.advance(12min);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::find), 1);
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
  world_.patch_client({{"metadata", {{"annotations", nullptr}}}, {"spec", {{"displayName", "New name"}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::update), 1);
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0) << "the absence of a token never acts";
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "1"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0) << "a token acts once";
  EXPECT_THAT(writes(), ElementsAre("replace_status apiclients")) << "of the new name";
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
  world_.apply(
      an_api_client().named("younger", "uid-younger").created_at("2026-01-01T00:00:01Z").with_spec(shared));
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
    world_.kube.fail_next(Verb::create, "secrets",
                          {.kind = ErrorKind::invalid, .message = "policy", .status_code = 422});
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
