#include "reconciler/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "api/names.h"
#include "support/matchers.h"
#include "unit/reconciler/observation_builder.h"
#include "unit/reconciler/plan_text.h"

namespace apiclient::reconciler {
namespace {

using backend::Verdict;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using test::a_registry;
using test::a_target_secret;
using test::an_api_client;
using test::kNow;
using Seen = test::ObservationBuilder;

using Steps = std::vector<std::string>;

struct PlanRow {
  std::string name;
  std::function<Seen()> seen;
  Steps steps;
};
class Plans : public ::testing::TestWithParam<PlanRow> {};

TEST_P(Plans, Steps) {
  const Observation seen = GetParam().seen().take();
  const Plan plan = make_plan(seen, kNow);
  EXPECT_FALSE(plan.stop) << plan.stop->message;
  EXPECT_THAT(test::texts_of(plan), ElementsAreArray(GetParam().steps));
}

test::TargetSecretBuilder target(std::int64_t revision) {
  const std::string number = std::to_string(revision);
  return a_target_secret().revision(revision).operation("op-" + number).credential("c" + number);
}

Seen issued(std::int64_t revision = 1) { return Seen(an_api_client().issued(revision)); }

const Steps kIssue{"stage 1", "create staged", "verify", "publish", "status", "unstage"};
const Steps kAdd{"stage 3", "add-credential", "verify", "publish", "status", "unstage"};
const Steps kPublishStaged{"verify", "publish", "status", "unstage"};
const Steps kNothing{"publish", "status"};

// The rows of the recovery table (docs/architecture.md), each with its neighbours.
INSTANTIATE_TEST_SUITE_P(
    Recovery, Plans,
    ::testing::Values(
        // nothing staged, nothing registered, nothing published
        PlanRow{"NewObject",
                [] { return Seen(an_api_client()); },
                {"finalizer", "stage 1", "create staged", "verify", "publish", "status", "unstage"}},
        PlanRow{"NewObjectWithFinalizer", [] { return Seen(); }, kIssue},
        PlanRow{"AllIsLostButTheStatus",
                [] { return issued(4); },
                {"stage 5", "create staged", "verify", "publish", "status", "unstage"}},
        // staged n, client absent
        PlanRow{"StagedAndAbsent",
                [] { return std::move(Seen().staged(1, "op-1")); },
                {"create staged", "verify", "publish", "status", "unstage"}},
        PlanRow{"StagedAndAbsentWithOlderTarget",
                [] { return std::move(issued().staged(2, "op-2").target(target(1))); },
                {"create staged", "verify", "publish", "status", "unstage"}},
        // staged n, client without this operation
        PlanRow{"StagedAndNotAdded",
                [] { return std::move(issued().staged(2, "op-2").registered({1}).target(target(1))); },
                {"add-credential", "verify", "publish", "status", "unstage"}},
        PlanRow{"StagedAndNotAddedWithoutTarget",
                [] { return std::move(issued().staged(2, "op-2").registered({1})); },
                {"add-credential", "verify", "publish", "status", "unstage"}},
        // staged n, client with this operation
        PlanRow{"StagedAndCreated", [] { return std::move(Seen().staged(1, "op-1").registered({1})); },
                kPublishStaged},
        PlanRow{"StagedAndAdded",
                [] {
                  return std::move(issued().staged(2, "op-2").registered({1, 2}).target(target(1)));
                },
                kPublishStaged},
        // staged n, target of the same operation
        PlanRow{"StagedAndPublished",
                [] { return std::move(Seen().staged(1, "op-1").registered({1}).target(target(1))); },
                {"publish", "status", "unstage"}},
        PlanRow{"StagedAndPublishedAndTakenAwayAgain",
                [] { return std::move(issued().staged(2, "op-2").registered({1}).target(target(2))); },
                {"add-credential", "verify", "publish", "status", "unstage"}},
        // staged n, target of another operation, as new or newer, its owner alive
        PlanRow{"StagedAndSuperseded",
                [] { return std::move(issued(3).staged(2, "op-x").registered({3}).target(target(3))); },
                {"unstage", "publish", "status"}},
        PlanRow{"StagedAndSupersededAtTheSameRevision",
                [] { return std::move(issued(2).staged(2, "op-x").registered({2}).target(target(2))); },
                {"unstage", "publish", "status"}},
        PlanRow{
            "StagedAndSupersededByATargetThatLostItsValue",
            [] { return std::move(issued(3).staged(2, "op-x").registered({3}).target(target(3).value(""))); },
            {"unstage", "stage 4", "add-credential", "verify", "publish", "status", "unstage"}},
        // ... its owner dead: as older
        PlanRow{"StagedAndTargetOfADeadOwner",
                [] {
                  return std::move(
                      Seen().staged(4, "op-x").registered({3}).target(target(5), TargetOwner::our_past));
                },
                {"add-credential", "verify", "publish", "status", "unstage"}},
        // nothing staged, client absent, target n
        PlanRow{"RegistryLostTheClient",
                [] { return std::move(issued(2).target(target(2))); },
                {"create published", "verify", "publish", "status"}},
        PlanRow{"RegistryLostTheClientAndTargetIsOfADeadOwner",
                [] { return std::move(Seen().target(target(2), TargetOwner::our_past)); },
                {"create published", "verify", "publish", "status"}},
        PlanRow{"RegistryLostTheClientAndTargetItsValue",
                [] { return std::move(issued(2).target(target(2).value(""))); },
                {"stage 3", "create staged", "verify", "publish", "status", "unstage"}},
        // nothing staged, client newer than the target, or rejecting its value
        PlanRow{"RegistryIsNewer",
                [] {
                  return std::move(issued().registered({1, 2}).target(target(1)));
                },
                kAdd},
        PlanRow{
            "RegistryRejectsTheValue",
            [] { return std::move(issued(2).registered({2}).target(target(2)).verdict(Verdict::rejected)); },
            kAdd},
        PlanRow{"RegistryDoesNotKnowTheRevision",
                [] { return std::move(issued(2).registered({1}).target(target(2))); }, kAdd},
        PlanRow{"RegistryHasNoSecretAtAll",
                [] { return std::move(issued(2).registered({}).target(target(2))); }, kAdd},
        // nothing staged, client ours, target none
        PlanRow{"SecretIsLost", [] { return std::move(issued(2).registered({2})); }, kAdd},
        PlanRow{"SecretAndStatusAreLost", [] { return std::move(Seen().registered({2})); }, kAdd},
        PlanRow{"SecretNamesAnotherClient",
                [] {
                  return std::move(issued(2).registered({2}).target(
                      target(2).patched({{"data", {{"client-id", "b3RoZXI="}}}})));
                },
                kAdd},
        // nothing staged, client ours, target accepted
        PlanRow{"AllIsWell", [] { return std::move(issued().registered({1}).target(target(1))); }, kNothing},
        PlanRow{
            "AllIsWellAndAsked",
            [] { return std::move(issued().registered({1}).target(target(1)).verdict(Verdict::accepted)); },
            kNothing},
        PlanRow{
            "AskedWithoutAnAnswer",
            [] { return std::move(issued().registered({1}).target(target(1)).verdict(Verdict::unknown)); },
            {"verify", "publish", "status"}},
        PlanRow{"PublishedButTheStatusIsNot",
                [] { return std::move(Seen().registered({1}).target(target(1))); }, kNothing}),
    test::RowName());

Seen drifted(Seen seen, const std::function<void(backend::RegisteredClient&)>& change) {
  seen.with([&](Observation& it) { change(*it.registered); });
  return seen;
}

Seen at(const Json& registry) { return Seen(an_api_client().issued(), a_registry().with_spec(registry)); }

// Drift, take-over, verification off, full slots
INSTANTIATE_TEST_SUITE_P(
    Repairs, Plans,
    ::testing::Values(
        PlanRow{"Drift",
                [] {
                  return drifted(std::move(issued().registered({1}).target(target(1))),
                                 [](auto& client) { client.settings.client_name = "changed by hand"; });
                },
                {"update", "publish", "status"}},
        PlanRow{"TakenOverFromADeadUid",
                [] {
                  return drifted(std::move(Seen().registered({1}).target(target(1), TargetOwner::our_past)),
                                 [](auto& client) { client.mark->uid = "dead"; });
                },
                {"update", "publish", "status"}},
        PlanRow{"TakenOverBeforeASecretIsAdded",
                [] {
                  return drifted(std::move(Seen().registered({2})),
                                 [](auto& client) { client.mark->uid = "dead"; });
                },
                {"stage 3", "update", "add-credential", "verify", "publish", "status", "unstage"}},
        PlanRow{"DriftWhileStaged",
                [] {
                  return drifted(std::move(Seen().staged(1, "op-1").registered({1})),
                                 [](auto& client) { client.settings.client_name = "changed by hand"; });
                },
                {"update", "verify", "publish", "status", "unstage"}},
        PlanRow{"VerificationOff",
                [] {
                  return Seen(an_api_client().finalized(),
                              a_registry().with_spec({{"verifyCredentials", false}}));
                },
                {"stage 1", "create staged", "publish", "status", "unstage"}},
        PlanRow{"VerificationOffAndNoAnswer",
                [] {
                  return std::move(at({{"verifyCredentials", false}})
                                       .registered({1})
                                       .target(target(1))
                                       .verdict(Verdict::unknown));
                },
                kNothing},
        PlanRow{"SlotsFullAndTheTargetNamesTheOldest",
                [] {
                  return std::move(issued().registered({1, 2, 3}).target(target(1)));
                },
                {"stage 4", "retire-oldest c2", "add-credential", "verify", "publish", "status", "unstage"}},
        PlanRow{"SlotsFullAndNoTarget",
                [] {
                  return std::move(issued(3).registered({1, 2, 3}));
                },
                {"stage 4", "retire-oldest c1", "add-credential", "verify", "publish", "status", "unstage"}},
        PlanRow{"SlotsFullWhileStaged",
                [] {
                  return std::move(issued(3).staged(4, "op-4").registered({1, 2, 3}));
                },
                {"retire-oldest c1", "add-credential", "verify", "publish", "status", "unstage"}}),
    test::RowName());

Seen public_client(const api::ApiClientStatus& status = {}) {
  return Seen(an_api_client().with_spec({{"type", "Public"}}).finalized().with_status(status));
}

Seen fenced_public_client() {
  api::ApiClientStatus status;
  status.rotation.in_progress =
      api::InProgress{.operation_id = "op",
                      .client_id = test::kClientId,
                      .registry = {"ClusterClientRegistry", "default", test::kIssuer}};
  return public_client(status);
}

test::TargetSecretBuilder public_target() {
  return a_target_secret().patched({{"data", {{"client-secret", nullptr}}}});
}

INSTANTIATE_TEST_SUITE_P(
    WithoutASecret, Plans,
    ::testing::Values(
        PlanRow{"New", [] { return public_client(); }, {"fence", "create nothing", "publish", "status"}},
        PlanRow{"Fenced", fenced_public_client, {"create nothing", "publish", "status"}},
        PlanRow{"Registered", [] { return std::move(fenced_public_client().registered({})); }, kNothing},
        PlanRow{"Lost",
                [] { return std::move(public_client().target(public_target())); },
                {"fence", "create nothing", "publish", "status"}},
        PlanRow{"SecretLost", [] { return std::move(public_client().registered({})); }, kNothing},
        PlanRow{"Drift",
                [] {
                  return drifted(std::move(public_client().registered({}).target(public_target())),
                                 [](auto& client) { client.settings.redirect_uris = {"https://x"}; });
                },
                {"update", "publish", "status"}}),
    test::RowName());

// Overlap

api::PreviousStatus previous(std::int64_t revision, std::optional<WallTime> retire_at) {
  return {.revision = revision, .id = "c" + std::to_string(revision), .retire_at = retire_at};
}

Seen issued_with(const std::optional<api::PreviousStatus>& planned) {
  api::ApiClientStatus status = an_api_client().issued(2).object().status;
  status.previous = planned;
  return Seen(an_api_client().issued(2).with_status(status));
}

struct OverlapRow {
  std::string name;
  std::function<Seen()> seen;
  Steps steps;
  std::int64_t previous;  ///< its revision; 0: none
  WallTime retire_at = {};
};
class Overlaps : public ::testing::TestWithParam<OverlapRow> {};

TEST_P(Overlaps, BeginLastAndEnd) {
  const Observation seen = GetParam().seen().take();
  const Plan plan = make_plan(seen, kNow);
  EXPECT_THAT(test::texts_of(plan), ElementsAreArray(GetParam().steps));
  ASSERT_EQ(plan.previous.has_value(), GetParam().previous != 0);
  if (!plan.previous) return;
  EXPECT_EQ(plan.previous->revision, GetParam().previous);
  EXPECT_EQ(plan.previous->id, "c" + std::to_string(GetParam().previous));
  EXPECT_EQ(plan.previous->retire_at, GetParam().retire_at);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Overlaps,
    ::testing::Values(
        OverlapRow{"NoOlderSecret",
                   [] { return std::move(issued_with({}).registered({2}).target(target(2))); }, kNothing, 0},
        OverlapRow{"BeginsWithTheMint", [] { return std::move(issued_with({}).registered({2})); }, kAdd, 2,
                   kNow + 1h},
        OverlapRow{"BeginsAfterACrashBeforeThePublish",
                   [] {
                     return std::move(issued_with({}).staged(3, "op-3").registered({2, 3}).target(target(2)));
                   },
                   kPublishStaged, 2, kNow + 1h},
        OverlapRow{"BeginsAfterACrashBeforeTheStatus",
                   [] {
                     return std::move(issued_with({}).staged(3, "op-3").registered({2, 3}).target(target(3)));
                   },
                   {"publish", "status", "unstage"},
                   2,
                   kNow + 1h},
        OverlapRow{"BeginsWhereNobodyPlannedIt",
                   [] {
                     return std::move(issued_with({}).registered({1, 2}).target(target(2)));
                   },
                   kNothing, 1, kNow + 1h},
        OverlapRow{"BeginsWhereTheEndWasForgotten",
                   [] {
                     return std::move(issued_with(previous(1, {})).registered({1, 2}).target(target(2)));
                   },
                   kNothing, 1, kNow + 1h},
        OverlapRow{
            "Lasts",
            [] {
              return std::move(issued_with(previous(1, kNow + 1s)).registered({1, 2}).target(target(2)));
            },
            kNothing, 1, kNow + 1s},
        OverlapRow{
            "LastsWhileStaged",
            [] {
              return std::move(
                  issued_with(previous(2, kNow + 1s)).staged(3, "op-3").registered({2, 3}).target(target(3)));
            },
            {"publish", "status", "unstage"},
            2,
            kNow + 1s},
        OverlapRow{"Ends",
                   [] {
                     return std::move(issued_with(previous(1, kNow)).registered({1, 2}).target(target(2)));
                   },
                   {"retire c1", "publish", "status"},
                   0},
        OverlapRow{
            "EndsForAllOlderOnes",
            [] {
              return std::move(issued_with(previous(2, kNow - 1s)).registered({1, 2, 3}).target(target(3)));
            },
            {"retire c1 c2", "publish", "status"},
            0},
        OverlapRow{
            "OfAnOlderRotationSaysNothingAboutThisOne",
            [] {
              return std::move(issued_with(previous(1, kNow - 1s)).registered({1, 2, 3}).target(target(3)));
            },
            kNothing, 2, kNow + 1h},
        OverlapRow{
            "OfASecretThatIsGone",
            [] { return std::move(issued_with(previous(1, kNow + 1s)).registered({2}).target(target(2))); },
            kNothing, 0},
        OverlapRow{
            "NeverEndsTheSecretThatTheTargetNames",
            [] {
              return std::move(
                  issued_with(previous(1, kNow)).registered({1, 2}).target(target(2).credential("c1")));
            },
            kNothing, 0},
        OverlapRow{
            "IsNotOfTheSecretThatMadeRoom",
            [] {
              return std::move(Seen(an_api_client().issued(1))
                                   .with([](Observation& it) {
                                     auto registry = a_registry().snapshot();
                                     registry.info.capabilities.max_secrets = 2;
                                     it.registry = std::make_shared<RegistrySnapshot>(std::move(registry));
                                   })
                                   .registered({1, 2})
                                   .target(target(1)));
            },
            {"stage 3", "retire-oldest c2", "add-credential", "verify", "publish", "status", "unstage"},
            1,
            kNow + 1h}),
    test::RowName());

// Refusals

struct RefusalRow {
  std::string name;
  std::function<Seen()> seen;
  std::string reason;
  std::string message;  ///< part of it
};
class Refusals : public ::testing::TestWithParam<RefusalRow> {};

TEST_P(Refusals, StopBeforeAnyStep) {
  const Observation seen = GetParam().seen().take();
  const Plan plan = make_plan(seen, kNow);
  EXPECT_THAT(plan.steps, IsEmpty());
  ASSERT_TRUE(plan.stop);
  EXPECT_TRUE(plan.stop->stalled);
  EXPECT_EQ(plan.stop->reason, GetParam().reason);
  EXPECT_THAT(plan.stop->message, HasSubstr(GetParam().message));
}

Seen registered_as(const std::string& installation, const std::string& name) {
  return std::move(Seen().staged(1, "op-1").with([&](Observation& it) {
    it.registered =
        test::a_registered_client(it.desired.settings).marked_by(installation, name, "x").secret(1).object();
  }));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refusals,
    ::testing::Values(
        RefusalRow{"ForeignSecret",
                   [] { return std::move(Seen().target(a_target_secret().foreign(), TargetOwner::foreign)); },
                   "SecretNameConflict", "spec.secret.name"},
        RefusalRow{"SecretOfAnotherClient",
                   [] { return std::move(Seen().target(a_target_secret(), TargetOwner::other_client)); },
                   "SecretNameConflict", "another ApiClient"},
        RefusalRow{"OlderClaimant",
                   [] { return std::move(Seen().with([](Observation& it) { it.older_claimant = true; })); },
                   "SecretNameConflict", "another ApiClient"},
        RefusalRow{"ImmutableSecret",
                   [] {
                     return std::move(issued().target(target(1).patched({{"immutable", true}})));
                   },
                   "SecretImmutable", "is immutable"},
        RefusalRow{"SecretOfAnotherType",
                   [] {
                     return std::move(issued().target(target(1).patched({{"type", "Opaque"}})));
                   },
                   "SecretImmutable", "type Opaque"},
        RefusalRow{"ClientOfAnotherObject", [] { return registered_as(test::kInstallation, "other"); },
                   "ClientIdConflict", "team-a/other"},
        RefusalRow{"ClientOfAnotherInstallation", [] { return registered_as("elsewhere", test::kName); },
                   "OwnedElsewhere", "spec.clientId"},
        RefusalRow{"UnmarkedClient",
                   [] {
                     return std::move(
                         registered_as("", "").with([](Observation& it) { it.registered->mark.reset(); }));
                   },
                   "ClientIdConflict", "not made by the operator"},
        RefusalRow{"TemplateChanged",
                   [] {
                     return at({{"tenant", "other"}});
                   },
                   "RegistryChanged", "tenant"},
        RefusalRow{"MintBeganAtAnotherRegistry",
                   [] {
                     return std::move(Seen().staged(1, "op-1").with(
                         [](Observation& it) { it.staged->registry.name = "old"; }));
                   },
                   "RegistryChanged", "ClusterClientRegistry old"},
        RefusalRow{"MintBeganAtAnotherIssuer",
                   [] {
                     return std::move(Seen().staged(1, "op-1").with(
                         [](Observation& it) { it.staged->registry.issuer = "http://old"; }));
                   },
                   "RegistryChanged", "finished there"},
        RefusalRow{"MintBeganUnderAnotherId",
                   [] {
                     return std::move(fenced_public_client().with([](Observation& it) {
                       it.client.status.rotation.in_progress->client_id = "old-id";
                     }));
                   },
                   "RegistryChanged", "client old-id was begun"}),
    test::RowName());

TEST(Refusals, AnOlderClaimantDoesNotTakeWhatIsOurs) {
  const Observation seen = std::move(issued().registered({1}).target(target(1)).with([](Observation& it) {
                             it.older_claimant = true;
                           })).take();
  EXPECT_FALSE(make_plan(seen, kNow).stop);
}

// Revisions

struct RevisionRow {
  std::string name;
  std::function<Seen()> seen;
  std::int64_t next;
};
class NextRevision : public ::testing::TestWithParam<RevisionRow> {};

TEST_P(NextRevision, IsOneMoreThanAnythingRemembers) {
  EXPECT_EQ(next_revision(GetParam().seen().take()), GetParam().next);
}

INSTANTIATE_TEST_SUITE_P(
    Table, NextRevision,
    ::testing::Values(
        RevisionRow{"Nothing", [] { return Seen(); }, 1}, RevisionRow{"Status", [] { return issued(4); }, 5},
        RevisionRow{"Target", [] { return std::move(Seen().target(target(6))); }, 7},
        RevisionRow{"TargetOfOurPast",
                    [] { return std::move(Seen().target(target(6), TargetOwner::our_past)); }, 7},
        RevisionRow{"ForeignTarget", [] { return std::move(Seen().target(target(6), TargetOwner::foreign)); },
                    1},
        RevisionRow{"Staged", [] { return std::move(Seen().staged(3, "op")); }, 4},
        RevisionRow{"Secrets",
                    [] {
                      return std::move(Seen().registered({2, 8}));
                    },
                    9},
        RevisionRow{"Mark",
                    [] {
                      return drifted(std::move(Seen().registered({2})),
                                     [](auto& client) { client.mark->revision = 11; });
                    },
                    12},
        RevisionRow{"TheHighestOfAll",
                    [] { return std::move(issued(4).target(target(9)).staged(3, "op").registered({2})); },
                    10}),
    test::RowName());

TEST(Step, EachHasItsOwnName) {
  const std::vector<Step> steps{step::AddFinalizer{},      step::Fence{},          step::Stage{},
                                step::CreateClient{},      step::UpdateClient{},   step::RetireOldest{},
                                step::AddCredential{},     step::Verify{},         step::Publish{},
                                step::PublishFormer{},     step::DeleteFormer{},   step::DisableClient{},
                                step::EnableClient{},      step::RetireOlder{},    step::WriteStatus{},
                                step::DropStaged{},        step::AdoptClient{},    step::RehearsePublish{},
                                step::ReplaceCredential{}, step::RegisterClient{}, step::StageAnswer{},
                                step::RemoveClient{},      step::RestartTarget{},  step::RotateCredential{}};
  std::set<std::string_view> names;
  for (const Step& step : steps) names.insert(name_of(step));
  EXPECT_EQ(names.size(), std::variant_size_v<Step>);
}

}  // namespace
}  // namespace apiclient::reconciler
