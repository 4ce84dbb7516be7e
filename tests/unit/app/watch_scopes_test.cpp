#include "app/watch_scopes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace apiclient::app {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

/// "namespace/object?selector" of each.
std::vector<std::string> texts(const std::vector<runtime::ReflectorOptions>& scopes) {
  std::vector<std::string> all;
  for (const auto& scope : scopes) {
    all.push_back(scope.namespace_name + "/" + scope.object_name + "?" + scope.label_selector);
  }
  return all;
}

const std::string kManaged = "app.kubernetes.io/managed-by=apiclient-operator";
const std::string kUsable = "apiclient.dev/usable-by=registry";

TEST(WatchScopes, AreTheWholeClusterUnlessSaidOtherwise) {
  const Options options;
  EXPECT_THAT(texts(watched_clients(options)), ElementsAre("/?"));
  EXPECT_THAT(texts(watched_cluster_registries(options)), ElementsAre("/?"));
  EXPECT_THAT(texts(watched_namespaced_registries(options)), ElementsAre("/?"));
  EXPECT_THAT(texts(watched_secrets(options, "operator")), ElementsAre("/?" + kManaged));
  EXPECT_THAT(texts(watched_namespaces(options)), ElementsAre("/?"));
}

TEST(WatchScopes, AreTheNamespacesThatAreLookedAfter) {
  const Options options{.watch_namespaces = {"team-a", "team-b"}, .registry_selector = "team=a"};
  EXPECT_THAT(texts(watched_clients(options)), UnorderedElementsAre("team-a/?", "team-b/?"));
  EXPECT_THAT(texts(watched_cluster_registries(options)), ElementsAre("/?team=a"));
  EXPECT_THAT(texts(watched_namespaced_registries(options)), UnorderedElementsAre("team-a/?", "team-b/?"));
  EXPECT_THAT(texts(watched_namespaces(options)), UnorderedElementsAre("/team-a?", "/team-b?"));
}

TEST(WatchScopes, OfManagedSecretsHaveTheOperatorsOwnNamespaceOnce) {
  const Options options{.watch_namespaces = {"team-a", "operator"}};
  EXPECT_THAT(texts(watched_secrets(options, "operator")),
              UnorderedElementsAre("operator/?" + kManaged, "team-a/?" + kManaged));
}

TEST(WatchScopes, OfCredentialsAreTheOperatorsNamespaceUnlessRegistriesMayBelongToOthers) {
  EXPECT_THAT(texts(watched_credentials({}, "operator")), ElementsAre("operator/?" + kUsable));
  EXPECT_THAT(texts(watched_credentials({.watch_namespaces = {"team-a"}}, "operator")),
              ElementsAre("operator/?" + kUsable));
  EXPECT_THAT(texts(watched_credentials({.allow_namespaced_registries = true}, "operator")),
              ElementsAre("/?" + kUsable));
  EXPECT_THAT(texts(watched_credentials({.watch_namespaces = {"team-a"}, .allow_namespaced_registries = true},
                                        "operator")),
              UnorderedElementsAre("operator/?" + kUsable, "team-a/?" + kUsable));
}

TEST(WatchScopes, OfSecretsAndNamespacesHoldNoData) {
  for (const auto& scopes : {watched_secrets({}, "operator"), watched_credentials({}, "operator"),
                             watched_namespaces({.watch_namespaces = {"team-a"}})}) {
    for (const auto& scope : scopes) EXPECT_EQ(scope.content, kube::Content::metadata);
  }
}

}  // namespace
}  // namespace apiclient::app
