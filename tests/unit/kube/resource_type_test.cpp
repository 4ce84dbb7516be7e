#include "kube/resource_type.h"

#include <gtest/gtest.h>

namespace apiclient::kube {
namespace {

const ResourceType kApiClients{
    .group = "apiclient.dev", .version = "v1alpha1", .resource = "apiclients", .kind = "ApiClient"};

TEST(ResourceType, CoreGroupHasItsOwnRoot) {
  EXPECT_EQ(kSecrets.api_version(), "v1");
  EXPECT_EQ(collection_path(kSecrets, ""), "/api/v1/secrets");
  EXPECT_EQ(collection_path(kSecrets, "team-a"), "/api/v1/namespaces/team-a/secrets");
  EXPECT_EQ(object_path(kSecrets, {"team-a", "web"}), "/api/v1/namespaces/team-a/secrets/web");
  EXPECT_EQ(object_path(kNamespaces, {"", "team-a"}), "/api/v1/namespaces/team-a");
}

TEST(ResourceType, OtherGroupsLiveBelowApis) {
  EXPECT_EQ(kApiClients.api_version(), "apiclient.dev/v1alpha1");
  EXPECT_EQ(collection_path(kApiClients, ""), "/apis/apiclient.dev/v1alpha1/apiclients");
  EXPECT_EQ(object_path(kApiClients, {"team-a", "web"}, "status"),
            "/apis/apiclient.dev/v1alpha1/namespaces/team-a/apiclients/web/status");
  EXPECT_EQ(collection_path(kLeases, "n"), "/apis/coordination.k8s.io/v1/namespaces/n/leases");
  EXPECT_EQ(object_path(kDeployments, {"n", "web"}), "/apis/apps/v1/namespaces/n/deployments/web");
  EXPECT_EQ(object_path(kStatefulSets, {"n", "web"}), "/apis/apps/v1/namespaces/n/statefulsets/web");
  EXPECT_EQ(object_path(kDaemonSets, {"n", "web"}), "/apis/apps/v1/namespaces/n/daemonsets/web");
}

TEST(ResourceType, ClusterScopeIgnoresANamespaceAndSegmentsAreEncoded) {
  EXPECT_EQ(collection_path(kNamespaces, "team-a"), "/api/v1/namespaces");
  EXPECT_EQ(object_path(kSecrets, {"n", "a b?c/d"}), "/api/v1/namespaces/n/secrets/a%20b%3Fc%2Fd");
}

}  // namespace
}  // namespace apiclient::kube
