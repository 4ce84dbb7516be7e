// Reading and writing objects: what the server stores, and each precondition.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "controlplane/kube/cluster.h"
#include "kube/lease.h"
#include "kube/object_meta.h"
#include "support/eventually.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using kube::Content;
using kube::kConfigMaps;
using kube::kLeases;
using kube::kNamespaces;
using kube::kSecrets;
using testing::HasSubstr;

class ObjectsTest : public ClusterTest {
 protected:
  Result<std::vector<Json>> listed(const kube::ResourceType& type, const kube::ListOptions& options) {
    std::vector<Json> items;
    const auto collect = [&items](Json&& item) -> Result<void> {
      items.push_back(std::move(item));
      return {};
    };
    RETURN_IF_ERROR(client().list(type, options, collect, {}));
    return items;
  }
  /// The first update of an object: its resource version of before is stale afterwards.
  Json changed(Json object) {
    object["data"]["value"] = "changed by another";
    auto result = client().replace(kConfigMaps, object, kManager, {});
    EXPECT_THAT(result, is_ok());
    return result ? *result : object;
  }
};

TEST_F(ObjectsTest, CreateFindReplaceRemove) {
  Json object = created(kConfigMaps, config_map("one"));
  const auto meta = kube::read_object_meta(object);
  ASSERT_THAT(meta, is_ok());
  EXPECT_EQ(meta->key, key("one"));
  EXPECT_FALSE(meta->uid.empty());
  EXPECT_EQ(object["metadata"]["managedFields"][0]["manager"], kManager);
  EXPECT_EQ(found(kConfigMaps, key("one")), object);

  object["data"]["value"] = "2";
  const auto replaced = client().replace(kConfigMaps, object, kManager, {});
  ASSERT_THAT(replaced, is_ok());
  EXPECT_NE(version_of(*replaced), version_of(object));
  EXPECT_EQ(found(kConfigMaps, key("one"))["data"]["value"], "2");

  EXPECT_THAT(client().remove(kConfigMaps, key("one"), {}, {}), is_ok());
  const auto gone = client().find(kConfigMaps, key("one"), {});
  ASSERT_THAT(gone, is_ok());
  EXPECT_FALSE(gone->has_value());
  EXPECT_THAT(client().remove(kConfigMaps, key("one"), {}, {}), is_ok());
}

TEST_F(ObjectsTest, CreateOfAnExistingName) {
  created(kConfigMaps, config_map("one"));
  EXPECT_THAT(client().create(kConfigMaps, config_map("one"), kManager, {}),
              has_error(ErrorKind::already_exists));
}

TEST_F(ObjectsTest, CreateInANamespaceThatDoesNotExist) {
  Json object = config_map("one");
  object["metadata"]["namespace"] = "kube-no-such";
  EXPECT_THAT(client().create(kConfigMaps, object, kManager, {}), has_error(ErrorKind::not_found));
  const auto absent = client().find(kConfigMaps, {"kube-no-such", "one"}, {});
  ASSERT_THAT(absent, is_ok());
  EXPECT_FALSE(absent->has_value());
}

TEST_F(ObjectsTest, UnknownFieldsOfOursAreRefused) {
  Json object = config_map("one");
  object["dota"] = Json::object();
  EXPECT_THAT(client().create(kConfigMaps, object, kManager, {}),
              has_error_text(ErrorKind::invalid, HasSubstr("dota")));
}

TEST_F(ObjectsTest, ReplaceHoldsToVersionAndUid) {
  const Json stale = created(kConfigMaps, config_map("one"));
  Json current = changed(stale);
  const auto late = client().replace(kConfigMaps, stale, kManager, {});
  ASSERT_THAT(late, has_error(ErrorKind::conflict));
  EXPECT_EQ(late.error().code, "Conflict");
  EXPECT_EQ(late.error().message.find("hidden"), std::string::npos);
  current["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000";
  EXPECT_THAT(client().replace(kConfigMaps, current, kManager, {}), has_error(ErrorKind::conflict));
}

TEST_F(ObjectsTest, MergePatchHoldsToVersionAndUid) {
  const Json stale = created(kConfigMaps, config_map("one"));
  const Json current = changed(stale);
  const auto patch = [&](const Json& metadata) {
    const Json body = {{"metadata", metadata}, {"data", {{"value", nullptr}, {"other", "x"}}}};
    return client().merge_patch(kConfigMaps, key("one"), body, kManager, {});
  };
  EXPECT_THAT(patch({{"resourceVersion", version_of(stale)}}), has_error(ErrorKind::conflict));
  EXPECT_THAT(patch({{"uid", "00000000-0000-4000-8000-000000000000"}}), has_error(ErrorKind::conflict));
  const auto patched = patch({{"resourceVersion", version_of(current)}, {"uid", uid_of(current)}});
  ASSERT_THAT(patched, is_ok());
  EXPECT_EQ((*patched)["data"], (Json{{"other", "x"}}));
  EXPECT_THAT(client().merge_patch(kConfigMaps, key("none"), Json::object(), kManager, {}),
              has_error(ErrorKind::not_found));
}

TEST_F(ObjectsTest, RemoveHoldsToVersionAndUid) {
  const Json stale = created(kConfigMaps, config_map("one"));
  const Json current = changed(stale);
  EXPECT_THAT(client().remove(kConfigMaps, key("one"), {.resource_version = version_of(stale)}, {}),
              has_error(ErrorKind::conflict));
  EXPECT_THAT(client().remove(kConfigMaps, key("one"), {.uid = "00000000-0000-4000-8000-000000000000"}, {}),
              has_error(ErrorKind::conflict));
  EXPECT_EQ(found(kConfigMaps, key("one")), current);
  EXPECT_THAT(client().remove(kConfigMaps, key("one"),
                              {.uid = uid_of(current), .resource_version = version_of(current)}, {}),
              is_ok());
}

TEST_F(ObjectsTest, ObjectWithAFinalizerGoesWhenItIsTakenOff) {
  Json object = config_map("one");
  object["metadata"]["finalizers"] = {"test.apiclient.dev/hold"};
  const Json stored = created(kConfigMaps, object);
  EXPECT_THAT(client().remove(kConfigMaps, key("one"), {.uid = uid_of(stored)}, {}), is_ok());
  const auto meta = kube::read_object_meta(found(kConfigMaps, key("one")));
  ASSERT_THAT(meta, is_ok());
  EXPECT_TRUE(meta->deleting());
  EXPECT_TRUE(meta->has_finalizer("test.apiclient.dev/hold"));
  const Json release = {{"metadata", {{"finalizers", nullptr}, {"resourceVersion", meta->resource_version}}}};
  EXPECT_THAT(client().merge_patch(kConfigMaps, key("one"), release, kManager, {}), is_ok());
  const auto gone = client().find(kConfigMaps, key("one"), {});
  ASSERT_THAT(gone, is_ok());
  EXPECT_FALSE(gone->has_value());
}

TEST_F(ObjectsTest, StatusAndSpecAreWrittenApart) {
  install_widgets();
  Json widget = created(kWidgets, {{"apiVersion", kWidgets.api_version()},
                                   {"kind", kWidgets.kind},
                                   {"metadata", {{"namespace", namespace_name()}, {"name", "w"}}},
                                   {"spec", {{"size", 1}}},
                                   {"status", {{"phase", "too early"}}}});
  EXPECT_FALSE(widget.contains("status"));
  widget["spec"]["size"] = 2;
  widget["status"] = {{"phase", "Ready"}};
  const auto reported = client().replace_status(kWidgets, widget, kManager, {});
  ASSERT_THAT(reported, is_ok());
  EXPECT_EQ((*reported)["spec"]["size"], 1);
  EXPECT_EQ((*reported)["status"]["phase"], "Ready");
  EXPECT_EQ((*reported)["metadata"]["generation"], 1);
  EXPECT_THAT(client().replace_status(kWidgets, widget, kManager, {}), has_error(ErrorKind::conflict));
  widget = *reported;
  widget["spec"]["size"] = 3;
  widget["status"]["phase"] = "overwritten";
  const auto resized = client().replace(kWidgets, widget, kManager, {});
  ASSERT_THAT(resized, is_ok());
  EXPECT_EQ((*resized)["status"]["phase"], "Ready");
  EXPECT_EQ((*resized)["metadata"]["generation"], 2);
}

TEST_F(ObjectsTest, LeaseIsTakenRenewedAndReleased) {
  const WallTime now = SystemClock().wall_now();
  auto lease = kube::read_lease(created(
      kLeases, kube::write_lease(
                   {.key = key("leader"), .holder_identity = "me", .acquire_time = now, .renew_time = now})));
  ASSERT_THAT(lease, is_ok());
  EXPECT_EQ(lease->acquire_time, std::chrono::floor<std::chrono::microseconds>(now));
  const auto stale = *lease;
  lease->renew_time = now + std::chrono::seconds(2);
  const auto renewed = client().replace(kLeases, kube::write_lease(*lease), kManager, {});
  ASSERT_THAT(renewed, is_ok());
  EXPECT_THAT(client().replace(kLeases, kube::write_lease(stale), kManager, {}),
              has_error(ErrorKind::conflict));
  auto released = kube::read_lease(*renewed);
  ASSERT_THAT(released, is_ok());
  released->holder_identity.clear();
  EXPECT_THAT(client().merge_patch(kLeases, key("leader"), kube::write_lease(*released), kManager, {}),
              is_ok());
  EXPECT_EQ(found(kLeases, key("leader"))["spec"]["holderIdentity"], "");
}

TEST_F(ObjectsTest, ListOfManyObjectsComesInPages) {
  constexpr int kObjects = 250;
  for (int i = 0; i < kObjects; ++i) created(kConfigMaps, config_map("many-" + std::to_string(i)));
  const std::size_t before = admin().transport().paths().size();
  const auto items =
      listed(kConfigMaps, {.namespace_name = namespace_name(), .resource_version = "", .page_size = 100});
  ASSERT_THAT(items, is_ok());
  std::set<std::string> names;
  for (const Json& item : *items) {
    const std::string name = item["metadata"]["name"];
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("many-"); });
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kObjects));
  EXPECT_EQ(admin().transport().paths().size() - before, 3U);
}

TEST_F(ObjectsTest, ListSelectsByLabelAndField) {
  created(kSecrets, secret("one"));
  created(kSecrets, secret("two"));
  const auto by_label = listed(kSecrets, {.label_selector = "ours=yes", .resource_version = ""});
  ASSERT_THAT(by_label, is_ok());
  EXPECT_GE(by_label->size(), 2U);
  const auto by_field = listed(
      kSecrets,
      {.namespace_name = namespace_name(), .field_selector = "metadata.name=two", .resource_version = ""});
  ASSERT_THAT(by_field, is_ok());
  ASSERT_EQ(by_field->size(), 1U);
  EXPECT_EQ((*by_field)[0]["metadata"]["name"], "two");
}

TEST_F(ObjectsTest, MetadataOnlyListHoldsNoData) {
  created(kSecrets, secret("one"));
  const auto items = listed(
      kSecrets, {.namespace_name = namespace_name(), .content = Content::metadata, .resource_version = ""});
  ASSERT_THAT(items, is_ok());
  ASSERT_EQ(items->size(), 1U);
  EXPECT_EQ((*items)[0]["metadata"]["labels"]["ours"], "yes");
  EXPECT_FALSE((*items)[0].contains("data"));
}

TEST_F(ObjectsTest, VersionOfTheFutureIsExpired) {
  EXPECT_THAT(listed(kConfigMaps, {.namespace_name = namespace_name(), .resource_version = "999999999999"}),
              has_error(ErrorKind::expired));
}

TEST_F(ObjectsTest, TypeThatIsNotInstalledIsAnErrorAndNotAbsence) {
  EXPECT_THAT(client().find(kNotInstalled, key("x"), {}), has_error(ErrorKind::not_found));
  EXPECT_THAT(client().remove(kNotInstalled, key("x"), {}, {}), has_error(ErrorKind::not_found));
  EXPECT_THAT(listed(kNotInstalled, {}), has_error(ErrorKind::not_found));
}

TEST_F(ObjectsTest, NamespaceThatIsBeingDeletedTakesNothingNew) {
  const std::string doomed = namespace_name() + "-doomed";
  created(kNamespaces, {{"metadata", {{"name", doomed}}}});
  Json holder = config_map("holder");
  holder["metadata"]["namespace"] = doomed;
  holder["metadata"]["finalizers"] = {"test.apiclient.dev/hold"};
  created(kConfigMaps, holder);
  EXPECT_THAT(client().remove(kNamespaces, {"", doomed}, {}, {}), is_ok());
  Json late = config_map("late");
  late["metadata"]["namespace"] = doomed;
  const auto refused = client().create(kConfigMaps, late, kManager, {});
  ASSERT_THAT(refused, has_error(ErrorKind::forbidden));
  EXPECT_EQ(refused.error().code, "NamespaceTerminating");
  const Json release = {{"metadata", {{"finalizers", nullptr}}}};
  EXPECT_THAT(client().merge_patch(kConfigMaps, {doomed, "holder"}, release, kManager, {}), is_ok());
}

}  // namespace
}  // namespace apiclient::test
