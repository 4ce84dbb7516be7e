// Whole passes, and what they tell.

#include "reconciler/action_reporter.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::an_api_client;
using test::BackendOperation;
using test::kClientId;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Report : public Reconcile {
 protected:
  std::vector<Json> lines() {
    std::vector<Json> lines;
    for (const std::string& line : world_.audit.lines()) lines.push_back(Json::parse(line));
    return lines;
  }
  /// "client.created done Issue", in order.
  std::vector<std::string> actions() {
    std::vector<std::string> texts;
    for (const Json& line : lines()) {
      texts.push_back(line["action"].get<std::string>() + " " + line["outcome"].get<std::string>() +
                      (line.contains("reason") ? " " + line["reason"].get<std::string>() : ""));
    }
    return texts;
  }
  void issue_quietly(const test::ApiClientBuilder& client = an_api_client()) {
    issue(client);
    world_.audit.clear();
    world_.events.clear();
  }
  void settle_deletion() {
    world_.delete_client();
    ASSERT_TRUE(world_.settle());
    ASSERT_TRUE(world_.client().is_null());
  }
};

TEST_F(Report, OfAnIssueIsOneEventAndALineForEachAction) {
  issue();
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal Issued"));
  EXPECT_THAT(actions(), ElementsAre("secret.staged done Issue", "client.created done Issue",
                                     "secret.published done", "secret.unstaged done"));
  const Json staged = lines()[0];
  const std::string operation = staged["operation_id"];
  for (const Json& line : lines()) {
    EXPECT_EQ(line["audit"], true);
    EXPECT_EQ(line["namespace"], "team-a");
    EXPECT_EQ(line["name"], "invoices");
    EXPECT_EQ(line["uid"], world_.client()["metadata"]["uid"]);
    EXPECT_EQ(line["registry"], "default");
    EXPECT_EQ(line["client_id"], kClientId);
    EXPECT_EQ(line["revision"], 1);
    EXPECT_EQ(line["operation_id"], operation);
    EXPECT_EQ(line["installation_id"], test::kInstallation);
  }
  EXPECT_EQ(lines()[1]["credential_id"], lines()[2]["credential_id"]);
  EXPECT_EQ(lines()[2]["secret"], "team-a/invoices");
  EXPECT_THAT(staged["secret"].get<std::string>(), HasSubstr("staged-"));
}

TEST_F(Report, NeverHoldsTheSecret) {
  issue();
  const std::string value = world_.published_value();
  ASSERT_EQ(value.size(), 43U);
  std::string text;
  for (const std::string& line : world_.audit.lines()) text += line;
  for (const kube::Event& event : world_.events.events()) text += event.note;
  EXPECT_THAT(text, HasSubstr(value.substr(39)));
  EXPECT_THAT(text, Not(HasSubstr(value.substr(38))));
}

TEST_F(Report, OfAClientWithoutASecretNamesNoRevision) {
  issue(an_api_client().with_spec(
      {{"type", "Public"}, {"redirectUris", {"https://app.example.com/callback"}}}));
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal Issued"));
  EXPECT_THAT(actions(), ElementsAre("client.created done Issue", "secret.published done"));
  for (const Json& line : lines()) EXPECT_FALSE(line.contains("revision")) << line;
}

TEST_F(Report, TheTokenThatTheFirstIssueConsumesIsNamed) {
  issue(an_api_client().annotated("apiclient.dev/rotate", "r1:Lost"));
  EXPECT_EQ(lines()[1]["token"], "r1");
}

TEST_F(Report, OfAChangeOfTheSpec) {
  issue_quietly();
  world_.patch_client({{"spec", {{"displayName", "Renamed"}}}, {"metadata", {{"generation", 2}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal Updated"));
  EXPECT_THAT(actions(), ElementsAre("client.updated done SpecChanged"));
}

TEST_F(Report, OfDrift) {
  issue_quietly();
  auto client = *world_.backend.client(kClientId);
  client.registered.settings.client_name = "Theirs";
  world_.backend.put(client);
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "now"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal DriftCorrected"));
  EXPECT_THAT(actions(), ElementsAre("client.updated done Drift"));
}

TEST_F(Report, OfALostSecret) {
  issue_quietly();
  world_.lose_secret();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal CredentialRecovered"));
  EXPECT_THAT(actions(), ElementsAre("secret.staged done Recover", "credential.added done Recover",
                                     "secret.published done", "secret.unstaged done"));
  world_.events.clear();
  world_.audit.clear();
  world_.clock.advance(2h);
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal PreviousRetired"));
  EXPECT_THAT(actions(), ElementsAre("credential.retired done Superseded"));
  EXPECT_EQ(lines()[0]["revision"], 1);
}

TEST_F(Report, OfARotation) {
  issue_quietly();
  world_.clock.advance(2min);
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", "r1:now:Lost"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal Rotated"));
  EXPECT_THAT(world_.events.events()[0].note, HasSubstr("(Lost): Secret invoices has revision 2"));
  EXPECT_THAT(actions(), ElementsAre("secret.staged done Rotate", "credential.added done Rotate",
                                     "secret.published done", "credential.retired done Superseded",
                                     "secret.unstaged done"));
  EXPECT_EQ(lines()[0]["token"], "r1");
  EXPECT_EQ(lines()[1]["token"], "r1");
  EXPECT_THAT(world_.metrics.text(),
              AllOf(HasSubstr(R"(apiclient_rotations_total{reason="Lost",result="success"} 1)"),
                    HasSubstr(R"(apiclient_rotations_total{reason="Requested",result="refused"} 0)")));
}

TEST_F(Report, OfARefusedTokenComesOnce) {
  issue_quietly();
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", "not a token"}}}}}});
  for (int i = 0; i < 3; ++i) (void)world_.pass();
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Warning TokenRefused"));
  EXPECT_THAT(world_.metrics.text(),
              HasSubstr(R"(apiclient_rotations_total{reason="Requested",result="refused"} 1)"));
  EXPECT_THAT(world_.audit.lines(), IsEmpty());
}

TEST_F(Report, AtRestNothingIsTold) {
  issue_quietly();
  world_.restart();
  ASSERT_TRUE(world_.settle());
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "again"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.events.events(), IsEmpty());
  EXPECT_THAT(world_.audit.lines(), IsEmpty());
}

TEST_F(Report, OfALostReplySaysThatItIsNotKnown) {
  world_.apply(an_api_client());
  world_.backend.lose_reply_next(BackendOperation::create);
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(actions(), ElementsAre("secret.staged done Issue", "client.created unknown Issue",
                                     "secret.published done", "secret.unstaged done"));
  EXPECT_FALSE(lines()[1].contains("credential_id"));
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal Issued"));
}

TEST_F(Report, WhatWasRefusedIsNoAction) {
  world_.apply(an_api_client());
  world_.backend.fail_next(BackendOperation::create,
                           {.kind = ErrorKind::invalid, .message = "redirect_uris", .status_code = 400});
  (void)world_.pass();
  EXPECT_THAT(actions(), ElementsAre("secret.staged done Issue"));
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Warning RefusedByRegistry"));
}

TEST_F(Report, OfAConflictComesOnce) {
  world_.kube.put(kube::kSecrets, test::a_target_secret().foreign().json());
  world_.apply(an_api_client());
  for (int i = 0; i < 5; ++i) (void)world_.pass();
  EXPECT_EQ(world_.condition(api::kStalled), "True SecretNameConflict");
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Warning SecretNameConflict"));
}

TEST_F(Report, OfADeletion) {
  issue_quietly();
  settle_deletion();
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal Deleted"));
  EXPECT_THAT(actions(), ElementsAre("client.removed done Deleted", "secret.deleted done Deleted"));
  EXPECT_THAT(world_.events.events()[0].note,
              AllOf(HasSubstr("is removed from registry default"), HasSubstr("its Secret is deleted")));
}

TEST_F(Report, OfADeletionThatLeavesTheClientOfAnotherSaysSo) {
  issue_quietly();
  auto client = *world_.backend.client(kClientId);
  client.registered.mark->installation_id = "elsewhere";
  world_.backend.put(client);
  settle_deletion();
  EXPECT_THAT(actions(), ElementsAre("secret.deleted done Deleted"));
  EXPECT_THAT(world_.events.events()[0].note, HasSubstr("is another's now"));
}

TEST_F(Report, OfARetainedClient) {
  issue_quietly(an_api_client().with_spec({{"deletionPolicy", "Retain"}}));
  settle_deletion();
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal Retained"));
  EXPECT_THAT(actions(), ElementsAre("client.retained done Retain"));
}

TEST_F(Report, OfABlockedAndThenAbandonedDeletion) {
  issue_quietly();
  world_.registry_is_gone();
  world_.delete_client();
  for (int i = 0; i < 3; ++i) (void)world_.pass();
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Warning DeletionBlocked"));
  const std::string uid = world_.client()["metadata"]["uid"];
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/abandon", uid}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Warning DeletionBlocked", "Warning Abandoned"));
  EXPECT_THAT(actions(), ElementsAre("secret.deleted done Deleted", "client.abandoned done Requested"));
  EXPECT_THAT(world_.metrics.text(), HasSubstr("apiclient_clients_abandoned_total{registry=\"default\"} 1"));
  EXPECT_THAT(world_.logs.text(), HasSubstr("client abandoned"));
}

TEST_F(Report, OfAClientThatALostNamespaceGaveUp) {
  issue_quietly();
  world_.registry_is_gone();
  world_.namespace_goes_since(11min);
  settle_deletion();
  EXPECT_THAT(actions(), ElementsAre("secret.deleted done Deleted", "client.abandoned done NamespaceGoes"));
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Warning Abandoned"));
}

TEST_F(Report, OfAClientInALostNamespaceThatCouldStillBeRemoved) {
  issue_quietly();
  world_.namespace_goes_since(11min);
  settle_deletion();
  EXPECT_THAT(actions(), ElementsAre("client.removed done Deleted", "secret.deleted done Deleted"));
  EXPECT_THAT(world_.events.reasons(), ElementsAre("Normal Deleted"));
}

TEST_F(Report, WhatWasNeverRegisteredEndsInSilence) {
  world_.apply(an_api_client().finalized());
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  ASSERT_TRUE(world_.client().is_null());
  EXPECT_THAT(world_.events.events(), IsEmpty());
  EXPECT_THAT(world_.audit.lines(), IsEmpty());
}

}  // namespace
}  // namespace apiclient::reconciler
