#include "reconciler/deletion_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "api/names.h"
#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using test::an_api_client;
using ::testing::ElementsAreArray;

DeletionObservation deletion_of(const test::ApiClientBuilder& client) {
  DeletionObservation seen;
  seen.client = client.object();
  seen.installation_id = test::kInstallation;
  return seen;
}

backend::RegisteredClient registered(const std::string& installation = test::kInstallation,
                                     const std::string& name = test::kName,
                                     const std::string& uid = test::kUid) {
  return test::a_registered_client({.client_id = test::kClientId})
      .marked_by(installation, name, uid)
      .secret(1)
      .object();
}

void with_target(DeletionObservation& seen, TargetOwner owner = TargetOwner::us) {
  seen.target = test::a_target_secret().object();
  seen.target_owner = owner;
}

struct Row {
  std::string name;
  std::function<DeletionObservation()> seen;
  bool needs_registry;
  std::vector<std::string> steps;
};
class DeletionPlan : public ::testing::TestWithParam<Row> {};

TEST_P(DeletionPlan, Steps) {
  const DeletionObservation seen = GetParam().seen();
  EXPECT_EQ(needs_registry(seen), GetParam().needs_registry);
  std::vector<std::string> names;
  for (const DeletionStep& step : make_deletion_plan(seen)) names.emplace_back(name_of(step));
  EXPECT_THAT(names, ElementsAreArray(GetParam().steps));
}

DeletionObservation issued(const std::function<void(DeletionObservation&)>& change = [](auto&) {}) {
  auto seen = deletion_of(an_api_client().issued().deleting());
  seen.registered = registered();
  with_target(seen);
  change(seen);
  return seen;
}

DeletionObservation retained() {
  auto seen = deletion_of(an_api_client().issued().deleting().with_spec({{"deletionPolicy", "Retain"}}));
  with_target(seen);
  return seen;
}

DeletionObservation abandoned(const std::string& token) {
  auto seen = deletion_of(an_api_client().issued().deleting().annotated(api::kAbandonAnnotation, token));
  seen.registered = registered();
  with_target(seen);
  return seen;
}

INSTANTIATE_TEST_SUITE_P(
    Table, DeletionPlan,
    ::testing::Values(
        Row{"NeverRegistered",
            [] { return deletion_of(an_api_client().finalized().deleting()); },
            false,
            {"release"}},
        Row{"Issued", [] { return issued(); }, true, {"remove-client", "delete-secret", "release"}},
        Row{"ClientIsGoneAlready",
            [] { return issued([](auto& seen) { seen.registered.reset(); }); },
            true,
            {"delete-secret", "release"}},
        Row{"OthersOfItsClients",
            [] { return issued([](auto& seen) { seen.others.push_back(registered()); }); },
            true,
            {"remove-client", "remove-client", "delete-secret", "release"}},
        Row{"OthersThatAreSomebodyElses",
            [] {
              return issued([](auto& seen) {
                seen.others.push_back(registered("another-installation"));
                seen.others.push_back(registered(test::kInstallation, "other", "uid-other"));
              });
            },
            true,
            {"remove-client", "delete-secret", "release"}},
        Row{"SecretIsGoneAlready",
            [] {
              return issued([](auto& seen) {
                seen.target.reset();
                seen.target_owner = TargetOwner::nobody;
              });
            },
            true,
            {"remove-client", "release"}},
        Row{"StagedIsDroppedToo",
            [] { return issued([](auto& seen) { seen.staged = test::a_staged_credential(); }); },
            true,
            {"remove-client", "delete-secret", "unstage", "release"}},
        Row{"ClientOfADeadUidIsOurs",
            [] {
              return issued(
                  [](auto& seen) { seen.registered = registered(test::kInstallation, test::kName, "dead"); });
            },
            true,
            {"remove-client", "delete-secret", "release"}},
        Row{"ClientOfAnotherObject",
            [] {
              return issued(
                  [](auto& seen) { seen.registered = registered(test::kInstallation, "other", "x"); });
            },
            true,
            {"delete-secret", "release"}},
        Row{"ClientOfAnotherInstallation",
            [] { return issued([](auto& seen) { seen.registered = registered("elsewhere"); }); },
            true,
            {"delete-secret", "release"}},
        Row{"UnmarkedClient",
            [] { return issued([](auto& seen) { seen.registered->mark.reset(); }); },
            true,
            {"delete-secret", "release"}},
        Row{"ForeignSecretStays",
            [] { return issued([](auto& seen) { seen.target_owner = TargetOwner::foreign; }); },
            true,
            {"remove-client", "release"}},
        Row{"SecretOfAnotherClientStays",
            [] { return issued([](auto& seen) { seen.target_owner = TargetOwner::other_client; }); },
            true,
            {"remove-client", "release"}},
        Row{"SecretOfOurPastGoes",
            [] { return issued([](auto& seen) { seen.target_owner = TargetOwner::our_past; }); },
            true,
            {"remove-client", "delete-secret", "release"}},
        Row{"Retain", retained, false, {"release"}},
        Row{"RetainDropsTheStaged",
            [] {
              auto seen = retained();
              seen.staged = test::a_staged_credential();
              return seen;
            },
            false,
            {"unstage", "release"}},
        Row{"Abandon", [] { return abandoned(test::kUid); }, false, {"delete-secret", "release"}},
        Row{"AbandonWithAnotherWord",
            [] { return abandoned("true"); },
            true,
            {"remove-client", "delete-secret", "release"}}),
    test::RowName());

TEST(DeletionPlan, ExpectsTheUidThatWasRead) {
  const auto seen =
      issued([](auto& it) { it.registered = registered(test::kInstallation, test::kName, "dead"); });
  const auto steps = make_deletion_plan(seen);
  const auto& remove = std::get<deletion_step::RemoveClient>(steps.front());
  EXPECT_EQ(remove.client_id, test::kClientId);
  EXPECT_EQ(remove.expected_uid, "dead");
}

// Where was it registered?

DeletionObservation fenced() {
  api::ApiClientStatus status;
  status.rotation.in_progress =
      api::InProgress{.operation_id = "op", .client_id = "fenced", .registry = {"", "at-fence", ""}};
  return deletion_of(an_api_client().with_status(status));
}

struct OriginRow {
  std::string name;
  std::function<DeletionObservation()> seen;
  std::string origin;  ///< client at registry; empty: none
};
class Origins : public ::testing::TestWithParam<OriginRow> {};

TEST_P(Origins, AreFound) {
  const auto origin = find_origin(GetParam().seen());
  EXPECT_EQ(origin ? origin->client_id + " at " + origin->registry_name : "", GetParam().origin);
}

INSTANTIATE_TEST_SUITE_P(Table, Origins,
                         ::testing::Values(OriginRow{"Nowhere", [] { return deletion_of(an_api_client()); },
                                                     ""},
                                           OriginRow{"Status",
                                                     [] {
                                                       return issued([](auto& seen) {
                                                         seen.staged = test::a_staged_credential();
                                                         seen.staged->client_id = "staged";
                                                       });
                                                     },
                                                     "acme_team-a_invoices at default"},
                                           OriginRow{"Staged",
                                                     [] {
                                                       auto seen = fenced();
                                                       seen.staged = test::a_staged_credential();
                                                       return seen;
                                                     },
                                                     "acme_team-a_invoices at default"},
                                           OriginRow{"Fence", fenced, "fenced at at-fence"},
                                           OriginRow{"Target",
                                                     [] {
                                                       auto seen = deletion_of(an_api_client());
                                                       with_target(seen);
                                                       return seen;
                                                     },
                                                     "acme_team-a_invoices at default"},
                                           OriginRow{"ForeignTargetSaysNothing",
                                                     [] {
                                                       auto seen = deletion_of(an_api_client());
                                                       with_target(seen, TargetOwner::foreign);
                                                       return seen;
                                                     },
                                                     ""}),
                         test::RowName());

/// What leads to the registry, one after the other.
TEST(Origin, OfANamespacedRegistryIsOfTheClientsNamespace) {
  const std::string own = std::string(test::kNamespace) + "/own";
  const api::RegistryStatus at{.kind = "ClientRegistry", .name = "own", .issuer = test::kIssuer};
  auto seen = deletion_of(an_api_client().issued().deleting());
  seen.client.status.registry = at;
  EXPECT_EQ(find_origin(seen)->registry_name, own);
  seen.client.status = {};
  seen.client.status.rotation.in_progress = api::InProgress{.client_id = "a", .registry = at};
  EXPECT_EQ(find_origin(seen)->registry_name, own);
  seen.staged = test::a_staged_credential();
  seen.staged->registry = at;
  EXPECT_EQ(find_origin(seen)->registry_name, own);
}

struct AnnotationRow {
  std::string name;
  std::string annotation;
  std::string registry;
};
class OriginFromSecret : public ::testing::TestWithParam<AnnotationRow> {};

/// Whoever may write the Secret may write this: it must not lead to a registry of another namespace.
TEST_P(OriginFromSecret, StaysInItsNamespace) {
  auto seen = deletion_of(an_api_client().finalized().deleting());
  seen.target = test::a_target_secret().annotated(api::kRegistryAnnotation, GetParam().annotation).object();
  seen.target_owner = TargetOwner::us;
  const auto origin = find_origin(seen);
  ASSERT_TRUE(origin.has_value());
  EXPECT_EQ(origin->registry_name, GetParam().registry);
}

INSTANTIATE_TEST_SUITE_P(
    Table, OriginFromSecret,
    ::testing::Values(AnnotationRow{"Cluster", "ClusterClientRegistry/default", "default"},
                      AnnotationRow{"Own", "ClientRegistry/own", std::string(test::kNamespace) + "/own"},
                      AnnotationRow{"Foreign", "ClientRegistry/team-b/own",
                                    std::string(test::kNamespace) + "/team-b/own"},
                      AnnotationRow{"ForeignAsCluster", "ClusterClientRegistry/team-b/own",
                                    "ClusterClientRegistry/team-b/own"}),
    test::RowName());

}  // namespace
}  // namespace apiclient::reconciler
