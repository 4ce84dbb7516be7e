#include "reconciler/sweep.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Owners

api::ApiClientSummary issued() {
  return {.uid = test::kUid, .revision = 1, .pinned_registry = "default", .client_id = "invoices"};
}

struct OwnerRow {
  std::string name;
  api::ApiClientSummary client;
  bool settled;
};
class Owner : public ::testing::TestWithParam<OwnerRow> {};
TEST_P(Owner, IsSettledOnceItHasItsClientForGood) {
  EXPECT_EQ(sweep_owner(GetParam().client).settled, GetParam().settled);
}

api::ApiClientSummary but(void (*change)(api::ApiClientSummary&)) {
  api::ApiClientSummary client = issued();
  change(client);
  return client;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Owner,
    ::testing::Values(OwnerRow{"Issued", issued(), true},
                      OwnerRow{"PublishedWithoutASecret", but([](auto& one) {
                                 one.revision = 0;
                                 one.binding_name = "invoices";
                               }),
                               true},
                      OwnerRow{"New", but([](auto& one) { one.revision = 0; }), false},
                      OwnerRow{"Unpinned", but([](auto& one) { one.pinned_registry = ""; }), false},
                      OwnerRow{"WithoutAnId", but([](auto& one) { one.client_id = ""; }), false},
                      OwnerRow{"Deleting", but([](auto& one) { one.deleting = true; }), false}),
    test::RowName());

// Clients

TEST(Unclaimed, AreSortedAndNotThoseOfThisRegistrysApiClients) {
  const SweepOwners owners{{"u1", {.registry = "default", .client_id = "ours"}},
                           {"u2", {.registry = "other", .client_id = "elsewhere"}},
                           {"u3", {}}};
  EXPECT_THAT(unclaimed_ids({"z", "ours", "elsewhere"}, owners, "default"), ElementsAre("elsewhere", "z"));
  EXPECT_THAT(unclaimed_ids({"ours"}, owners, "default"), IsEmpty());
}

struct OrphanRow {
  std::string name;
  std::string installation = test::kInstallation;
  SweepOwners owners = {};
  bool orphan = false;
};
class Orphan : public ::testing::TestWithParam<OrphanRow> {};
TEST_P(Orphan, IsTheClientOfNoApiClient) {
  const auto client = test::a_registered_client({.client_id = "invoices"})
                          .marked_by(GetParam().installation, test::kName, test::kUid)
                          .object();
  EXPECT_EQ(is_orphan(client, GetParam().owners, test::kInstallation), GetParam().orphan);
}

SweepOwners one_owner(SweepOwner owner) { return {{test::kUid, std::move(owner)}}; }

INSTANTIATE_TEST_SUITE_P(
    Table, Orphan,
    ::testing::Values(
        OrphanRow{.name = "NoOwner", .orphan = true},
        OrphanRow{.name = "AnotherInstallation", .installation = "installation-2"},
        OrphanRow{.name = "AnOwnerInTheMaking", .owners = one_owner({})},
        OrphanRow{.name = "AnOwnerThatGoes",
                  .owners = one_owner({.registry = "default", .client_id = "second"})},
        OrphanRow{.name = "AnOwnerByAnotherRegistryObject",
                  .owners = one_owner({.registry = "other", .client_id = "invoices", .settled = true})},
        OrphanRow{.name = "LeftOverBesideTheOwnersClient",
                  .owners = one_owner({.registry = "default", .client_id = "second", .settled = true}),
                  .orphan = true}),
    test::RowName());

TEST(OrphanWithoutAMark, IsNobodysBusiness) {
  EXPECT_FALSE(is_orphan(test::a_registered_client({.client_id = "invoices"}).unmarked().object(), {},
                         test::kInstallation));
}

// Secrets

struct SecretRow {
  std::string name;
  std::string owner_uid;
  bool staged;
  SecretFinding finding;
};
class SweptSecret : public ::testing::TestWithParam<SecretRow> {};
TEST_P(SweptSecret, IsJudgedByItsOwner) {
  const SecretSummary secret{.owner_uid = GetParam().owner_uid, .staged = GetParam().staged};
  EXPECT_EQ(judge_secret(secret, one_owner({})), GetParam().finding);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SweptSecret,
    ::testing::Values(SecretRow{"Published", test::kUid, false, SecretFinding::owned},
                      SecretRow{"Staged", test::kUid, true, SecretFinding::owned},
                      SecretRow{"PublishedOfNobody", "gone", false, SecretFinding::orphaned},
                      SecretRow{"StagedOfNobody", "gone", true, SecretFinding::staged_without_owner},
                      SecretRow{"Unmarked", "", false, SecretFinding::owned},
                      SecretRow{"UnmarkedStaged", "", true, SecretFinding::owned}),
    test::RowName());

}  // namespace
}  // namespace apiclient::reconciler
