#include "reconciler/registry_deletion.h"

#include <gmock/gmock.h>

#include "api/conditions.h"
#include "api/names.h"
#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using ::testing::HasSubstr;

const WallTime kNow{std::chrono::seconds(1767323045)};

struct Registry {
  bool finalized = false;
  bool deleting = false;
  bool orphan = false;
};

api::ClientRegistry make(const Registry& wanted) {
  api::ClientRegistry registry = test::a_registry().object();
  if (wanted.finalized) registry.meta.finalizers = {std::string(api::kInUseFinalizer)};
  if (wanted.deleting) registry.meta.deletion_timestamp = kNow;
  registry.spec.orphan_on_delete = wanted.orphan;
  return registry;
}

struct FinalizerRow {
  std::string name;
  Registry registry;
  std::size_t users;
  FinalizerChange change;
};
class InUseFinalizer : public ::testing::TestWithParam<FinalizerRow> {};

TEST_P(InUseFinalizer, FollowsTheUsers) {
  EXPECT_EQ(finalizer_change(make(GetParam().registry), GetParam().users), GetParam().change);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, InUseFinalizer,
    ::testing::Values(
        FinalizerRow{"New", {}, 0, FinalizerChange::none},
        FinalizerRow{"FirstUser", {}, 1, FinalizerChange::add},
        FinalizerRow{"InUse", {.finalized = true}, 7, FinalizerChange::none},
        FinalizerRow{"LastUserGone", {.finalized = true}, 0, FinalizerChange::remove},
        FinalizerRow{"DeletedUnused", {.finalized = true, .deleting = true}, 0, FinalizerChange::remove},
        FinalizerRow{"DeletedInUse", {.finalized = true, .deleting = true}, 1, FinalizerChange::none},
        FinalizerRow{"DeletedWithOrphans",
                     {.finalized = true, .deleting = true, .orphan = true},
                     1,
                     FinalizerChange::remove},
        FinalizerRow{
            "OrphansOnlyMatterOnDeletion", {.finalized = true, .orphan = true}, 1, FinalizerChange::none},
        FinalizerRow{"NoFinalizerOnADyingOne", {.deleting = true}, 1, FinalizerChange::none}),
    test::RowName());

TEST(NoteDeletion, SaysHowManyClientsAreInTheWay) {
  api::ClientRegistryStatus status;
  note_deletion(make({.finalized = true, .deleting = true}), 12, kNow, status);
  const kube::Condition* blocked = kube::find_condition(status.conditions, api::kDeletionBlocked);
  ASSERT_NE(blocked, nullptr);
  EXPECT_EQ(blocked->reason, "InUse");
  EXPECT_THAT(blocked->message, HasSubstr("12 ApiClients"));
  note_deletion(make({.finalized = true}), 12, kNow, status);
  EXPECT_EQ(kube::find_condition(status.conditions, api::kDeletionBlocked), nullptr);
}

}  // namespace
}  // namespace apiclient::reconciler
