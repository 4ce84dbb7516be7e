// Watching over the real transport.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "base/overloaded.h"
#include "controlplane/kube/cluster.h"
#include "support/eventually.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using kube::Content;
using kube::kConfigMaps;
using kube::kSecrets;
using testing::Contains;
using testing::ElementsAre;

/// A watch on a thread of its own. One word per event; the objects are kept too.
class Watching {
 public:
  Watching(kube::RestClient& client, const kube::ResourceType& type, kube::WatchOptions options)
      : thread_([this, &client, &type, options](const std::stop_token& stop) {
          result_ = client.watch(
              type, options, [this](kube::WatchEvent&& event) { return note(std::move(event)); }, stop);
          ended_ = true;
        }) {}

  [[nodiscard]] std::vector<std::string> words() const { return words_.copy(); }
  [[nodiscard]] std::vector<Json> objects() const { return objects_.copy(); }
  bool sees(std::size_t count) {
    return eventually([this, count] { return words().size() >= count; });
  }
  bool ended() {
    return eventually([this] { return ended_.load(); }, std::chrono::seconds(20));
  }
  void stop() { thread_.request_stop(); }
  Result<void> result() {
    thread_.join();
    return result_;
  }

 private:
  Result<void> note(kube::WatchEvent&& event) {
    const auto object_word = [this](const char* what, Json& object) {
      const std::string word = what + object["metadata"]["name"].get<std::string>();
      objects_.lock()->push_back(std::move(object));
      return word;
    };
    words_.lock()->push_back(std::visit(
        overloaded{[&](kube::ObjectChanged& changed) { return object_word("changed ", changed.object); },
                   [&](kube::ObjectDeleted& deleted) { return object_word("deleted ", deleted.object); },
                   [](kube::Bookmark& mark) {
                     EXPECT_FALSE(mark.resource_version.empty());
                     return std::string("bookmark");
                   }},
        event));
    return {};
  }

  Guarded<std::vector<std::string>> words_;
  Guarded<std::vector<Json>> objects_;
  Result<void> result_;
  std::atomic<bool> ended_ = false;
  std::jthread thread_;
};

class WatchTest : public ClusterTest {
 protected:
  /// Where a watch begins that sees only what comes after this call.
  std::string version_now() {
    const auto ignore = [](Json&&) -> Result<void> { return {}; };
    const auto version =
        client().list(kConfigMaps, {.namespace_name = namespace_name(), .resource_version = ""}, ignore, {});
    EXPECT_THAT(version, is_ok());
    return version ? *version : "";
  }
};

TEST_F(WatchTest, SeesAddModifyDeleteABookmarkAndTheEnd) {
  Watching watching(client(), kConfigMaps,
                    {.namespace_name = namespace_name(),
                     .field_selector = "metadata.name=one",
                     .resource_version = version_now(),
                     .timeout = std::chrono::seconds(6)});
  Json object = created(kConfigMaps, config_map("one"));
  object["data"]["value"] = "2";
  ASSERT_THAT(client().replace(kConfigMaps, object, kManager, {}), is_ok());
  ASSERT_THAT(client().remove(kConfigMaps, key("one"), {}, {}), is_ok());
  ASSERT_TRUE(watching.ended());
  EXPECT_THAT(watching.result(), is_ok());
  auto words = watching.words();
  EXPECT_THAT(words, Contains("bookmark"));
  std::erase(words, "bookmark");
  EXPECT_THAT(words, ElementsAre("changed one", "changed one", "deleted one"));
  EXPECT_EQ(watching.objects()[1]["data"]["value"], "2");
}

TEST_F(WatchTest, GoesOnFromWhereAnotherEnded) {
  const std::string before = version_of(created(kConfigMaps, config_map("one")));
  created(kConfigMaps, config_map("two"));
  Watching watching(client(), kConfigMaps, {.namespace_name = namespace_name(), .resource_version = before});
  ASSERT_TRUE(watching.sees(1));
  EXPECT_THAT(watching.words(), Contains("changed two"));
  EXPECT_THAT(watching.words(), testing::Not(Contains("changed one")));
  watching.stop();
}

TEST_F(WatchTest, StopEndsASilentWatchAtOnce) {
  Watching watching(client(), kConfigMaps,
                    {.namespace_name = namespace_name(), .resource_version = version_now()});
  created(kConfigMaps, config_map("one"));
  ASSERT_TRUE(watching.sees(1));
  const auto begin = std::chrono::steady_clock::now();
  watching.stop();
  EXPECT_THAT(watching.result(), has_error(ErrorKind::cancelled));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST_F(WatchTest, MetadataOnlyHoldsNoData) {
  Watching watching(client(), kSecrets,
                    {.namespace_name = namespace_name(),
                     .label_selector = "ours=yes",
                     .content = Content::metadata,
                     .resource_version = version_now()});
  created(kSecrets, secret("one"));
  ASSERT_THAT(client().remove(kSecrets, key("one"), {}, {}), is_ok());
  ASSERT_TRUE(watching.sees(2));
  EXPECT_THAT(watching.words(), ElementsAre("changed one", "deleted one"));
  for (const Json& object : watching.objects()) {
    EXPECT_FALSE(object.contains("data"));
    EXPECT_EQ(object["kind"], "PartialObjectMetadata");
  }
  watching.stop();
}

TEST_F(WatchTest, ObjectThatLeavesTheSelectionIsDeletedForTheWatch) {
  const std::string from = version_of(created(kSecrets, secret("one")));
  Watching watching(
      client(), kSecrets,
      {.namespace_name = namespace_name(), .label_selector = "ours=yes", .resource_version = from});
  const Json unlabel = {{"metadata", {{"labels", nullptr}}}};
  ASSERT_THAT(client().merge_patch(kSecrets, key("one"), unlabel, kManager, {}), is_ok());
  ASSERT_TRUE(watching.sees(1));
  EXPECT_THAT(watching.words(), ElementsAre("deleted one"));
  EXPECT_FALSE(found(kSecrets, key("one")).is_null());
  watching.stop();
}

TEST_F(WatchTest, VersionOfBeforeTheServersCacheIsExpired) {
  install_widgets();  // the cache of a type begins when the type does
  Watching watching(client(), kWidgets, {.namespace_name = namespace_name(), .resource_version = "1"});
  ASSERT_TRUE(watching.ended());
  const auto result = watching.result();
  EXPECT_THAT(result, has_error(ErrorKind::expired));
  EXPECT_EQ(result.error().status_code, 410);
  EXPECT_TRUE(watching.words().empty());
}

TEST_F(WatchTest, EndsWithTheErrorOfItsHandler) {
  const std::string from = version_now();
  created(kConfigMaps, config_map("one"));
  const auto result = client().watch(
      kConfigMaps, {.namespace_name = namespace_name(), .resource_version = from},
      [](kube::WatchEvent&&) -> Result<void> { return fail(ErrorKind::internal, "the handler's own"); }, {});
  EXPECT_THAT(result, has_error_text(ErrorKind::internal, testing::HasSubstr("the handler's own")));
}

TEST_F(WatchTest, TypeThatIsNotInstalledIsAnError) {
  const auto ignore = [](kube::WatchEvent&&) -> Result<void> { return {}; };
  EXPECT_THAT(client().watch(kNotInstalled, {}, ignore, {}), has_error(ErrorKind::not_found));
}

}  // namespace
}  // namespace apiclient::test
