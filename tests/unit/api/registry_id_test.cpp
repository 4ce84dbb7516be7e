#include "api/registry_id.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/names.h"
#include "support/builders.h"

namespace apiclient::api {
namespace {

struct Row {
  std::string name;
  std::string kind;
  std::string registry;
  std::string id;
};
class RegistryId : public ::testing::TestWithParam<Row> {};

TEST_P(RegistryId, OfWhatAnObjectInTeamANames) {
  EXPECT_EQ(registry_id(GetParam().kind, GetParam().registry, "team-a"), GetParam().id);
}

INSTANTIATE_TEST_SUITE_P(Table, RegistryId,
                         ::testing::Values(Row{"Cluster", "ClusterClientRegistry", "default", "default"},
                                           Row{"WithoutKind", "", "default", "default"},
                                           Row{"Namespaced", "ClientRegistry", "own", "team-a/own"},
                                           Row{"NoName", "ClientRegistry", "", ""},
                                           // What people can write into annotations of their Secrets.
                                           Row{"ClusterNameOfAnotherNamespace", "ClusterClientRegistry",
                                               "team-b/own", "ClusterClientRegistry/team-b/own"},
                                           Row{"NamespacedNameOfAnotherNamespace", "ClientRegistry",
                                               "team-b/own", "team-a/team-b/own"}),
                         [](const auto& row) { return row.param.name; });

TEST(RegistryIdParts, OfTheClusterKind) {
  EXPECT_FALSE(is_namespaced_registry("default"));
  EXPECT_EQ(registry_key("default"), (kube::ObjectKey{"", "default"}));
  EXPECT_EQ(registry_kind("default"), "ClusterClientRegistry");
  EXPECT_EQ(registry_type(registry_key("default")).resource, "clusterclientregistries");
  EXPECT_EQ(registry_name("default"), "default");
  EXPECT_EQ(registry_title("default"), "ClusterClientRegistry default");
}

TEST(RegistryIdParts, OfTheNamespacedKind) {
  EXPECT_TRUE(is_namespaced_registry("team-a/own"));
  EXPECT_EQ(registry_key("team-a/own"), (kube::ObjectKey{"team-a", "own"}));
  EXPECT_EQ(registry_kind("team-a/own"), "ClientRegistry");
  EXPECT_EQ(registry_type(registry_key("team-a/own")).resource, "clientregistries");
  EXPECT_EQ(registry_name("team-a/own"), "own");
  EXPECT_EQ(registry_title("team-a/own"), "ClientRegistry team-a/own");
}

TEST(RegistryIdOfClient, IsOfItsOwnNamespace) {
  const auto client = test::an_api_client()
                          .with_spec({{"registryRef", {{"kind", "ClientRegistry"}, {"name", "own"}}}})
                          .object();
  EXPECT_EQ(client.wanted_registry(), client.meta.key.namespace_name + "/own");
  EXPECT_EQ(client.pinned_registry(), "");
  EXPECT_EQ(client.registry_of({.kind = "ClientRegistry", .name = "b"}),
            client.meta.key.namespace_name + "/b");
  EXPECT_EQ(client.registry_of({.kind = "ClusterClientRegistry", .name = "b"}), "b");
}

TEST(RegistryIdOfRegistry, TheDefaultMarkerIsForTheClusterKind) {
  const auto registry = test::a_registry().in_namespace("team-a").named("own");
  EXPECT_EQ(registry.object().id(), "team-a/own");
  EXPECT_FALSE(registry.object().is_default());
  EXPECT_TRUE(test::a_registry().object().is_default());
}

}  // namespace
}  // namespace apiclient::api
