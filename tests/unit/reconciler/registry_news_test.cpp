#include "reconciler/registry_news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace apiclient::reconciler {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class News : public ::testing::Test {
 protected:
  void client(const std::string& name, const std::string& asks_for, const std::string& pinned = "") {
    clients_.put(std::make_shared<api::ApiClientSummary>(api::ApiClientSummary{
        .key = {"team-a", name}, .registry_name = asks_for, .pinned_registry = pinned}));
  }
  std::vector<std::string> told(const std::string& registry) {
    std::vector<std::string> names;
    tell_clients({.registry = registry}, clients_, memory_,
                 [&](const kube::ObjectKey& key, auto /*delay*/) { names.push_back(key.name); });
    return names;
  }
  runtime::Store<api::ApiClientSummary> clients_;
  PassMemory memory_;
};

TEST_F(News, ReachThoseWhoUseTheRegistryOrMayWantTo) {
  client("default", "");
  client("by-name", "other");
  client("pinned", "", "other");
  client("own", "team-a/other");
  EXPECT_THAT(told("other"), UnorderedElementsAre("default", "by-name", "pinned"));
}

/// It is never the default one, so whoever names no registry has nothing to hear of it.
TEST_F(News, OfANamespacedRegistryReachThoseWhoNameIt) {
  client("default", "");
  client("by-name", "other");
  client("own", "team-a/other");
  client("elsewhere", "team-b/other");
  EXPECT_THAT(told("team-a/other"), ElementsAre("own"));
}

}  // namespace
}  // namespace apiclient::reconciler
