// The fake API server that the reconcilers' tests rely on keeps the rules of the real one.

#include "support/fake_kube.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace apiclient::test {
namespace {

using kube::kSecrets;
using testing::ElementsAre;

const kube::ResourceType kThings{
    .group = "things.dev", .version = "v1", .resource = "things", .kind = "Thing", .namespaced = true};
const kube::ObjectKey kWeb{.namespace_name = "team-a", .name = "web"};

Json a_thing() {
  return {{"apiVersion", "things.dev/v1"},
          {"kind", "Thing"},
          {"metadata", {{"namespace", "team-a"}, {"name", "web"}}},
          {"spec", {{"size", 1}}},
          {"status", {{"phase", "made up"}}}};
}

class FakeKubeTest : public testing::Test {
 protected:
  Json create_thing() {
    auto created = kube.create(kThings, a_thing(), "test", {});
    EXPECT_TRUE(created) << created.error().message;
    return *created;
  }
  ErrorKind kind_of_failed(const auto& result) {
    EXPECT_FALSE(result);
    return result ? ErrorKind::internal : result.error().kind;
  }
  FakeKube kube;
};

TEST_F(FakeKubeTest, CreateGivesIdentityAndDropsTheStatusOfASubresource) {
  const Json created = create_thing();
  EXPECT_FALSE(created["metadata"]["uid"].get<std::string>().empty());
  EXPECT_EQ(created["metadata"]["generation"], 1);
  EXPECT_FALSE(created.contains("status"));
  EXPECT_EQ(kind_of_failed(kube.create(kThings, a_thing(), "test", {})), ErrorKind::already_exists);
  EXPECT_EQ(kube.writes().size(), 1U);
  EXPECT_EQ(kube.calls(Verb::create, "things"), 2);
}

TEST_F(FakeKubeTest, ReplaceChecksTheResourceVersionAndCountsGenerationsOfTheSpec) {
  Json object = create_thing();
  object["metadata"]["labels"]["a"] = "b";
  auto labelled = kube.replace(kThings, object, "test", {});
  ASSERT_TRUE(labelled);
  EXPECT_EQ((*labelled)["metadata"]["generation"], 1);
  object["spec"]["size"] = 2;
  EXPECT_EQ(kind_of_failed(kube.replace(kThings, object, "test", {})), ErrorKind::conflict);
  object["metadata"]["resourceVersion"] = (*labelled)["metadata"]["resourceVersion"];
  auto resized = kube.replace(kThings, object, "test", {});
  ASSERT_TRUE(resized);
  EXPECT_EQ((*resized)["metadata"]["generation"], 2);
}

TEST_F(FakeKubeTest, ReplaceStatusLeavesTheSpecAlone) {
  Json object = create_thing();
  object["spec"]["size"] = 7;
  object["status"] = {{"phase", "Ready"}};
  auto stored = kube.replace_status(kThings, object, "test", {});
  ASSERT_TRUE(stored);
  EXPECT_EQ((*stored)["spec"]["size"], 1);
  EXPECT_EQ((*stored)["status"]["phase"], "Ready");
  EXPECT_EQ((*stored)["metadata"]["generation"], 1);
}

TEST_F(FakeKubeTest, AWriteThatChangesNothingKeepsTheResourceVersion) {
  const Json object = create_thing();
  auto again = kube.replace(kThings, object, "test", {});
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, object);
}

TEST_F(FakeKubeTest, MergePatchChecksTheUidAndRemovesNulls) {
  const Json object = create_thing();
  const Json wrong = {{"metadata", {{"uid", "another"}, {"labels", {{"a", "b"}}}}}};
  EXPECT_EQ(kind_of_failed(kube.merge_patch(kThings, kWeb, wrong, "test", {})), ErrorKind::conflict);
  const Json right = {{"metadata", {{"uid", object["metadata"]["uid"]}}}, {"spec", {{"size", nullptr}}}};
  auto patched = kube.merge_patch(kThings, kWeb, right, "test", {});
  ASSERT_TRUE(patched);
  EXPECT_FALSE((*patched)["spec"].contains("size"));
}

TEST_F(FakeKubeTest, AnObjectWithFinalizersGoesWithTheLastOfThem) {
  create_thing();
  const Json add = {{"metadata", {{"finalizers", {"a/b", "c/d"}}}}};
  ASSERT_TRUE(kube.merge_patch(kThings, kWeb, add, "test", {}));
  ASSERT_TRUE(kube.remove(kThings, kWeb, {}, {}));
  const Json deleting = kube.get(kThings, kWeb);
  EXPECT_TRUE(deleting["metadata"].contains("deletionTimestamp"));
  const Json more = {{"metadata", {{"finalizers", {"a/b", "new/one"}}}}};
  EXPECT_EQ(kind_of_failed(kube.merge_patch(kThings, kWeb, more, "test", {})), ErrorKind::invalid);
  ASSERT_TRUE(kube.merge_patch(kThings, kWeb, {{"metadata", {{"finalizers", {"c/d"}}}}}, "test", {}));
  EXPECT_FALSE(kube.get(kThings, kWeb).is_null());
  ASSERT_TRUE(kube.merge_patch(kThings, kWeb, {{"metadata", {{"finalizers", nullptr}}}}, "test", {}));
  EXPECT_TRUE(kube.get(kThings, kWeb).is_null());
}

TEST_F(FakeKubeTest, RemoveChecksPreconditionsAndAbsentIsSuccess) {
  const Json object = create_thing();
  EXPECT_EQ(kind_of_failed(kube.remove(kThings, kWeb, {.uid = "another"}, {})), ErrorKind::conflict);
  const std::string uid = object["metadata"]["uid"];
  EXPECT_TRUE(kube.remove(kThings, kWeb, {.uid = uid}, {}));
  EXPECT_TRUE(kube.remove(kThings, kWeb, {.uid = uid}, {}));
  EXPECT_TRUE(kube.get(kThings, kWeb).is_null());
}

TEST_F(FakeKubeTest, FailNextDoesNothingAndLoseReplyDoesIt) {
  kube.fail_next(Verb::create, "things", {.kind = ErrorKind::throttled, .message = "later"});
  EXPECT_EQ(kind_of_failed(kube.create(kThings, a_thing(), "test", {})), ErrorKind::throttled);
  EXPECT_TRUE(kube.get(kThings, kWeb).is_null());
  kube.lose_reply_next(Verb::create, "things");
  EXPECT_EQ(kind_of_failed(kube.create(kThings, a_thing(), "test", {})), ErrorKind::unavailable);
  EXPECT_FALSE(kube.get(kThings, kWeb).is_null());
  ASSERT_EQ(kube.writes().size(), 1U);
  EXPECT_EQ(kube.writes()[0].field_manager, "test");
}

TEST_F(FakeKubeTest, AHookMayBeFasterThanTheWriter) {
  kube.on_write([this](const FakeKube::Write&) { kube.put(kThings, a_thing()); });
  EXPECT_EQ(kind_of_failed(kube.create(kThings, a_thing(), "test", {})), ErrorKind::already_exists);
  EXPECT_EQ(kube.get(kThings, kWeb)["status"]["phase"], "made up");
}

TEST_F(FakeKubeTest, ATerminatingNamespaceRefusesCreates) {
  kube.terminate_namespace("team-a");
  const auto refused = kube.create(kThings, a_thing(), "test", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "NamespaceTerminating");
}

TEST_F(FakeKubeTest, StringDataOfASecretGoesIntoData) {
  const Json secret = {{"metadata", {{"namespace", "team-a"}, {"name", "web"}}},
                       {"stringData", {{"k", "v"}}}};
  auto stored = kube.create(kSecrets, secret, "test", {});
  ASSERT_TRUE(stored);
  EXPECT_EQ((*stored)["data"]["k"], "dg==");
  EXPECT_FALSE(stored->contains("stringData"));
}

TEST_F(FakeKubeTest, ListSelectsAndReducesToMetadata) {
  for (const char* name : {"one", "two"}) {
    kube.put(kSecrets, {{"metadata", {{"namespace", "team-a"}, {"name", name}, {"labels", {{"app", name}}}}},
                        {"data", {{"k", "dg=="}}}});
  }
  std::vector<Json> items;
  const auto version = kube.list(kSecrets, {.label_selector = "app=two", .content = kube::Content::metadata},
                                 [&items](Json&& item) -> Result<void> {
                                   items.push_back(std::move(item));
                                   return {};
                                 },
                                 {});
  ASSERT_TRUE(version);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0]["metadata"]["name"], "two");
  EXPECT_FALSE(items[0].contains("data"));
}

std::string word_of(const kube::WatchEvent& event) {
  if (const auto* changed = std::get_if<kube::ObjectChanged>(&event)) {
    return "changed " + changed->object["metadata"]["name"].get<std::string>();
  }
  if (const auto* deleted = std::get_if<kube::ObjectDeleted>(&event)) {
    return "deleted " + deleted->object["metadata"]["name"].get<std::string>();
  }
  return "bookmark";
}

Json a_secret(const char* label) {
  return {{"metadata", {{"namespace", "team-a"}, {"name", "web"}, {"labels", {{"ours", label}}}}}};
}

TEST_F(FakeKubeTest, WatchGoesOnFromAVersionAndSeesObjectsLeaveTheSelection) {
  const std::string before = kube.put(kSecrets, a_secret("yes"))["metadata"]["resourceVersion"];
  kube.put(kSecrets, a_secret("no"));
  kube.put(kSecrets, a_secret("yes"));
  kube.erase(kSecrets, kWeb);
  kube.send_bookmarks();
  std::vector<std::string> words;
  const auto note = [&](kube::WatchEvent&& event) -> Result<void> {
    words.push_back(word_of(event));
    if (words.back() == "bookmark") kube.end_watches();
    return {};
  };
  EXPECT_TRUE(kube.watch(kSecrets, {.label_selector = "ours=yes", .resource_version = before}, note, {}));
  EXPECT_THAT(words, ElementsAre("deleted web", "changed web", "deleted web", "bookmark"));
}

TEST_F(FakeKubeTest, AnOpenWatchSeesWhatOthersDo) {
  const std::string before = kube.put(kSecrets, a_secret("yes"))["metadata"]["resourceVersion"];
  std::vector<std::string> words;
  Result<void> ended;
  std::jthread watching([&] {
    const auto note = [&words](kube::WatchEvent&& event) -> Result<void> {
      words.push_back(word_of(event));
      if (words.size() < 2) return {};
      return fail(ErrorKind::conflict, "the handler's own");
    };
    ended = kube.watch(kSecrets, {.resource_version = before}, note, {});
  });
  kube.put(kSecrets, a_secret("no"));
  kube.erase(kSecrets, kWeb);
  watching.join();
  EXPECT_EQ(kind_of_failed(ended), ErrorKind::conflict);
  EXPECT_THAT(words, ElementsAre("changed web", "deleted web"));
}

TEST_F(FakeKubeTest, WatchFromBeforeACompactionIsExpired) {
  const std::string before = kube.put(kSecrets, a_secret("yes"))["metadata"]["resourceVersion"];
  kube.compact();
  const auto ignore = [](kube::WatchEvent&&) -> Result<void> { return {}; };
  EXPECT_EQ(kind_of_failed(kube.watch(kSecrets, {.resource_version = before}, ignore, {})),
            ErrorKind::expired);
}

TEST_F(FakeKubeTest, StopEndsAWatch) {
  std::stop_source source;
  source.request_stop();
  const auto result = kube.watch(
      kSecrets, {}, [](kube::WatchEvent&&) -> Result<void> { return {}; }, source.get_token());
  EXPECT_EQ(kind_of_failed(result), ErrorKind::cancelled);
}

}  // namespace
}  // namespace apiclient::test
