#include "reconciler/settled.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using kube::ConditionStatus;

/// What the caches hold; by default all is well.
struct Caches {
  api::ApiClientSummary client = api::read_api_client_summary(test::an_api_client().issued(2).json()).value();
  std::optional<SecretSummary> target =
      read_secret_summary(test::a_target_secret().revision(2).json()).value();
  bool staged = false;
  std::optional<RegistrySnapshot> registry = test::a_registry().snapshot();
};

struct Row {
  std::string name;
  std::function<void(Caches&)> change;
  bool settled;
};
class Settled : public ::testing::TestWithParam<Row> {};

TEST_P(Settled, OnlyWithoutAnyDoubt) {
  Caches caches;
  GetParam().change(caches);
  EXPECT_EQ(is_settled({.client = caches.client,
                        .target = caches.target ? &*caches.target : nullptr,
                        .staged = caches.staged,
                        .registry = caches.registry ? &*caches.registry : nullptr}),
            GetParam().settled);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Settled,
    ::testing::Values(
        Row{"AllIsWell", [](Caches&) {}, true},
        Row{"PublicClientHasNoRevision", [](Caches& c) { c.client.revision = 0; }, true},
        Row{"Deleting", [](Caches& c) { c.client.deleting = true; }, false},
        Row{"NoFinalizer", [](Caches& c) { c.client.has_finalizer = false; }, false},
        Row{"TokenWaits", [](Caches& c) { c.client.tokens_handled = false; }, false},
        Row{"Stalled", [](Caches& c) { c.client.stalled = true; }, false},
        Row{"Reconciling", [](Caches& c) { c.client.reconciling = true; }, false},
        Row{"SpecChanged", [](Caches& c) { c.client.generation = 2; }, false},
        Row{"NotReady", [](Caches& c) { c.client.ready = ConditionStatus::false_value; }, false},
        Row{"RegisteredUnknown", [](Caches& c) { c.client.registered = ConditionStatus::unknown; }, false},
        Row{"SecretRenamed", [](Caches& c) { c.client.secret_name = "other"; }, false},
        Row{"OverlapActive", [](Caches& c) { c.client.overlap_active = true; }, false},
        Row{"Staged", [](Caches& c) { c.staged = true; }, false},
        Row{"SecretLost", [](Caches& c) { c.target.reset(); }, false},
        Row{"SecretOfAnother", [](Caches& c) { c.target->owner_uid = "other"; }, false},
        Row{"SecretOfAnotherRevision", [](Caches& c) { c.target->revision = 1; }, false},
        Row{"SecretInOtherHands", [](Caches& c) { c.target->in_other_hands = true; }, false},
        Row{"RegistryUnknown", [](Caches& c) { c.registry.reset(); }, false},
        Row{"RegistryFailed", [](Caches& c) { c.registry->state = RegistryState::failed; }, false}),
    test::RowName());

TEST(RotationIsDue, FromItsAnnouncedTimeOn) {
  Caches caches;
  const WallTime now{std::chrono::hours(1)};
  EXPECT_FALSE(rotation_is_due(caches.client, now));
  caches.client.next_rotation = now + std::chrono::milliseconds(1);
  EXPECT_FALSE(rotation_is_due(caches.client, now));
  caches.client.next_rotation = now;
  EXPECT_TRUE(rotation_is_due(caches.client, now));
}

TEST(SecretSummary, HasWhatIsNeededAndNoData) {
  const SecretSummary summary = read_secret_summary(test::a_target_secret().revision(4).json()).value();
  EXPECT_EQ(summary.key, (kube::ObjectKey{"team-a", "invoices"}));
  EXPECT_EQ(summary.resource_version, "20");
  EXPECT_EQ(summary.owner_uid, test::kUid);
  EXPECT_EQ(summary.owner_name, "invoices");
  EXPECT_EQ(summary.revision, 4);
  EXPECT_FALSE(summary.staged);
}

TEST(SecretSummary, KnowsAStagedOne) {
  const auto client = test::an_api_client().object();
  const Json staged = write_staged(test::a_staged_credential(), client.meta, test::kInstallation);
  EXPECT_TRUE(read_secret_summary(staged).value().staged);
}

}  // namespace
}  // namespace apiclient::reconciler
