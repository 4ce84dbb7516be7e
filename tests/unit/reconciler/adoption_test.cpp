// Who may take over which client, and with which proof.
#include "reconciler/adoption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "reconciler/plan.h"
#include "support/matchers.h"
#include "unit/reconciler/observation_builder.h"
#include "unit/reconciler/plan_text.h"

namespace apiclient::reconciler {
namespace {

using backend::Verdict;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kLegacy = "legacy-billing";
const std::string kValue = "the-present-secret-of-the-client-0123456789-ABCD";

Json rule(const std::string& space, const std::string& id, bool without_secret) {
  return {{"namespaces", {space}}, {"clientIds", {"other", id}}, {"withoutSecret", without_secret}};
}

test::ApiClientBuilder adopting(bool with_secret) {
  Json adopt{{"clientId", kLegacy}};
  if (with_secret) adopt["secretRef"] = {{"name", "legacy"}};
  return test::an_api_client().finalized().with_spec({{"adopt", adopt}});
}

test::RegistryBuilder allowing(const Json& rules) {
  return test::a_registry().with_spec({{"allowAdoption", rules}});
}

ShownSecret shown(Verdict verdict, const std::string& problem = "") {
  return {.problem = problem, .value = Secret(kValue), .verdict = verdict};
}

/// Nobody's client, with two secrets; the shown one is the newer.
void nobodys(Observation& seen) {
  seen.registered = test::a_registered_client(seen.desired.settings).unmarked().secret(1).secret(4).object();
  seen.registered->credentials.back().hint = hint_of(Secret(kValue));
}

struct Row {
  std::string name;
  bool with_secret;
  Json rules;
  std::function<void(Observation&)> world;
  std::string expected;  ///< "" goes on; "Reason" stalls; "Reason (waits)"
  std::string text = {};
};

class Adoption : public ::testing::TestWithParam<Row> {};

TEST_P(Adoption, IsAllowedOrRefused) {
  const Row& row = GetParam();
  test::ObservationBuilder builder(adopting(row.with_secret), allowing(row.rules));
  Observation seen = builder.take();
  row.world(seen);
  const Plan plan = make_plan(seen, test::kNow);
  ASSERT_EQ(plan.stop.has_value(), !row.expected.empty());
  if (!plan.stop) return;
  EXPECT_EQ(plan.stop->reason + (plan.stop->stalled ? "" : " (waits)"), row.expected);
  EXPECT_THAT(plan.stop->message, HasSubstr(row.text));
  EXPECT_THAT(plan.steps, IsEmpty());
}

const Json kWithSecret = Json::array({rule("team-a", kLegacy, false)});
const Json kFull = Json::array({rule("team-a", kLegacy, false), rule("team-a", kLegacy, true)});

std::function<void(Observation&)> marked(const std::string& installation, const std::string& name,
                                         const std::string& uid) {
  return [=](Observation& seen) {
    seen.registered = test::a_registered_client(seen.desired.settings)
                          .marked_by(installation, name, uid)
                          .secret(1)
                          .object();
  };
}

std::function<void(Observation&)> showing(Verdict verdict, const std::string& problem = "") {
  return [=](Observation& seen) {
    nobodys(seen);
    seen.shown = shown(verdict, problem);
  };
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Adoption,
    ::testing::Values(
        Row{"NoRule", true, Json::array(), nobodys, "AdoptionNotAllowed", "spec.allowAdoption"},
        Row{"OtherNamespace", true, Json::array({rule("team-b", kLegacy, true)}), nobodys,
            "AdoptionNotAllowed", "namespace team-a"},
        Row{"OtherClient", true, Json::array({rule("team-a", "x", true)}), nobodys, "AdoptionNotAllowed",
            kLegacy},
        Row{"TwoHalvesAreNoRule", true,
            Json::array({rule("team-a", "x", true), rule("team-b", kLegacy, true)}), nobodys,
            "AdoptionNotAllowed", "both"},
        Row{"WithoutSecretOnlyWhereAllowed", false, kWithSecret, nobodys, "AdoptionNotAllowed",
            "withoutSecret: true"},
        Row{"WithoutSecret", false, kFull, nobodys, ""},
        Row{"AbsentAndNotAllowedTellsNothing", false, kWithSecret, [](Observation&) {},
            "AdoptionNotAllowed"},
        Row{"Absent", false, kFull, [](Observation&) {}, "AdoptedClientNotFound (waits)",
            "spec.adopt.clientId"},
        Row{"AnothersAndNotAllowedTellsNothing", false, Json::array(),
            marked(test::kInstallation, "other", "uid-other"), "AdoptionNotAllowed"},
        Row{"Anothers", false, kFull, marked(test::kInstallation, "other", "uid-other"), "ClientIdConflict"},
        Row{"AnotherInstallations", false, kFull, marked("theirs", test::kName, test::kUid),
            "OwnedElsewhere"},
        Row{"OursNeedsNoRule", false, Json::array(),
            marked(test::kInstallation, test::kName, test::kUid), ""},
        Row{"NotAskedYet", true, kWithSecret, nobodys, "VerificationPending (waits)"},
        Row{"NoAnswer", true, kWithSecret, showing(Verdict::unknown), "VerificationPending (waits)"},
        Row{"Rejected", true, kWithSecret, showing(Verdict::rejected), "CredentialRejected",
            "spec.adopt.secretRef"},
        Row{"NotReadable", true, kWithSecret, showing(Verdict::unknown, "no label"),
            "AdoptedSecretNotUsable (waits)", "no label"},
        Row{"Accepted", true, kWithSecret, showing(Verdict::accepted), ""},
        Row{"AnOlderSecret", true, kWithSecret,
            [](Observation& seen) {
              showing(Verdict::accepted)(seen);
              std::swap(seen.registered->credentials[0].hint, seen.registered->credentials[1].hint);
            },
            "CredentialRejected", "newest"},
        Row{"NobodyKnowsWhichSecret", true, kWithSecret,
            [](Observation& seen) {
              showing(Verdict::accepted)(seen);
              seen.registered->credentials[1].hint.clear();
            },
            "CredentialRejected", "newest"}),
    test::RowName());

TEST(AdoptionPlan, PublishesTheShownSecretAndMintsNothing) {
  Observation seen = test::ObservationBuilder(adopting(true), allowing(kWithSecret)).with(nobodys).take();
  seen.shown = shown(Verdict::accepted);
  const Plan plan = make_plan(seen, test::kNow);
  EXPECT_THAT(test::texts_of(plan), ElementsAre("adopt", "publish", "status"));
  EXPECT_EQ(shown_revision(seen), 4);
  ASSERT_TRUE(plan.previous) << "older secrets end after the overlap";
  EXPECT_EQ(plan.previous->revision, 1);
}

TEST(AdoptionPlan, WithoutASecretMintsTheNextOne) {
  Observation seen = test::ObservationBuilder(adopting(false), allowing(kFull)).with(nobodys).take();
  EXPECT_THAT(test::texts_of(make_plan(seen, test::kNow)),
              ElementsAre("stage 5", "adopt", "add-credential", "verify", "publish", "status", "unstage"));
}

TEST(AdoptionPlan, AfterACrashGoesOnWithItsOwnMark) {
  Observation seen = test::ObservationBuilder(adopting(true), allowing(Json::array())).take();
  seen.registered = test::a_registered_client(seen.desired.settings).secret(1).object();
  EXPECT_TRUE(needs_shown_secret(seen)) << "permission was asked for when the mark was written";
  seen.shown = shown(Verdict::accepted);
  EXPECT_THAT(test::texts_of(make_plan(seen, test::kNow)), ElementsAre("publish", "status"));
}

TEST(AdoptionPlan, AnUnmarkedClientIsNeverTakenOverAfterIssuance) {
  const auto client = test::an_api_client().with_spec({{"adopt", {{"clientId", test::kClientId}}}}).issued();
  Observation seen =
      test::ObservationBuilder(client, allowing(Json::array({rule("team-a", test::kClientId, true)})))
          .with(nobodys)
          .take();
  EXPECT_EQ(make_plan(seen, test::kNow).stop->reason, "ClientIdConflict");
}

TEST(ShownSecretIsAskedFor, OnlyWhereTheRegistryAllowsIt) {
  const auto asked = [](const Json& rules, const std::function<void(Observation&)>& world) {
    Observation seen = test::ObservationBuilder(adopting(true), allowing(rules)).with(world).take();
    return needs_shown_secret(seen);
  };
  EXPECT_TRUE(asked(kWithSecret, nobodys));
  EXPECT_FALSE(asked(Json::array(), nobodys));
  EXPECT_FALSE(asked(kWithSecret, [](Observation&) {}));
  EXPECT_FALSE(asked(kWithSecret, marked(test::kInstallation, "other", "uid-other")));
  EXPECT_FALSE(asked(kWithSecret, [](Observation& seen) {
    nobodys(seen);
    seen.staged = test::a_staged_credential();
  })) << "a mint that has begun goes on";
}

struct ReadRow {
  std::string name;
  std::optional<Json> object;
  std::string problem;  ///< a part of it; empty: the value is there
};
class ShownSecretRead : public ::testing::TestWithParam<ReadRow> {};

Json labelled(const std::string& label, const std::string& key, const std::string& value) {
  return {{"metadata", {{"name", "legacy"}, {"labels", {{"apiclient.dev/usable-by", label}}}}},
          {"data", {{key, base64_encode(value)}}}};
}

TEST_P(ShownSecretRead, SaysWhatIsWrong) {
  const api::AdoptSpec adopt{.client_id = kLegacy, .secret_name = "legacy", .secret_key = "client-secret"};
  const ShownSecret read = read_shown_secret(GetParam().object, adopt);
  EXPECT_EQ(read.problem.empty(), GetParam().problem.empty());
  EXPECT_THAT(read.problem, HasSubstr(GetParam().problem));
  EXPECT_TRUE(read.value == Secret(GetParam().problem.empty() ? kValue : ""));
}

INSTANTIATE_TEST_SUITE_P(
    Secrets, ShownSecretRead,
    ::testing::Values(ReadRow{"Missing", std::nullopt, "does not exist"},
                      ReadRow{"NoLabel", labelled("", "client-secret", kValue), "usable-by: adopt"},
                      ReadRow{"ForRegistries", labelled("registry", "client-secret", kValue),
                              "usable-by: adopt"},
                      ReadRow{"OtherKey", labelled("adopt", "secret", kValue), "key client-secret"},
                      ReadRow{"Empty", labelled("adopt", "client-secret", "\n"), "key client-secret"},
                      ReadRow{"LineBreak", labelled("adopt", "client-secret", kValue + "\r\n"), ""},
                      ReadRow{"Right", labelled("adopt", "client-secret", kValue), ""}),
    test::RowName());

}  // namespace
}  // namespace apiclient::reconciler
