#include "kube/api_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace apiclient::kube {
namespace {

using testing::HasSubstr;
using testing::Not;

Json an_object(const char* name = "web", const char* version = "17") {
  return {{"metadata", {{"namespace", "team-a"}, {"name", name}, {"resourceVersion", version}}}};
}

TEST(ApiRequest, FirstPageHasTheVersionAndLaterPagesTheToken) {
  const ListOptions options{.resource_version = "42", .page_size = 100};
  EXPECT_EQ(list_request(kSecrets, options, "").path, "/api/v1/secrets?limit=100&resourceVersion=42");
  EXPECT_EQ(list_request(kSecrets, options, "a+b").path, "/api/v1/secrets?limit=100&continue=a%2Bb");
}

TEST(ApiRequest, ListSendsOnlyWhatIsAsked) {
  EXPECT_EQ(list_request(kSecrets, {}, "").path, "/api/v1/secrets?limit=500&resourceVersion=0");
  EXPECT_EQ(list_request(kSecrets, {.resource_version = "", .page_size = 0}, "").path, "/api/v1/secrets");
  EXPECT_EQ(list_request(
                kSecrets,
                {.namespace_name = "n", .label_selector = "a=b,c", .field_selector = "metadata.name=x"}, "")
                .path,
            "/api/v1/namespaces/n/secrets?labelSelector=a%3Db%2Cc&fieldSelector=metadata.name%3Dx&limit=500"
            "&resourceVersion=0");
}

TEST(ApiRequest, MetadataIsNegotiatedByAccept) {
  EXPECT_EQ(list_request(kSecrets, {}, "").headers.at("Accept"), "application/json");
  EXPECT_EQ(list_request(kSecrets, {.content = Content::metadata}, "").headers.at("Accept"),
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  EXPECT_EQ(watch_request(kSecrets, {.content = Content::metadata}).headers.at("Accept"),
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
}

TEST(ApiRequest, WatchAsksForBookmarksAndSaysWhereFromAndHowLong) {
  EXPECT_EQ(watch_request(kSecrets, {.namespace_name = "n",
                                     .label_selector = "a",
                                     .resource_version = "42",
                                     .timeout = std::chrono::seconds(321)})
                .path,
            "/api/v1/namespaces/n/secrets?watch=1&allowWatchBookmarks=true&labelSelector=a&resourceVersion=42"
            "&timeoutSeconds=321");
}

TEST(ApiRequest, WritesNameTheirManagerAndAreStrictWhereTheObjectIsOurs) {
  const auto create = create_request(kSecrets, an_object(), "me");
  ASSERT_TRUE(create);
  EXPECT_EQ(create->method, http::Method::post);
  EXPECT_EQ(create->path, "/api/v1/namespaces/team-a/secrets?fieldManager=me&fieldValidation=Strict");
  EXPECT_EQ(create->headers.at("Content-Type"), "application/json");
  EXPECT_EQ(create->body, an_object().dump());
  const auto replace = replace_request(kSecrets, an_object(), "me");
  ASSERT_TRUE(replace);
  EXPECT_EQ(replace->method, http::Method::put);
  EXPECT_EQ(replace->path, "/api/v1/namespaces/team-a/secrets/web?fieldManager=me&fieldValidation=Strict");
  const auto status = replace_status_request(kSecrets, an_object(), "me");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->method, http::Method::put);
  EXPECT_EQ(status->path, "/api/v1/namespaces/team-a/secrets/web/status?fieldManager=me");
  const auto patch = merge_patch_request(kSecrets, {"team-a", "web"}, {{"a", nullptr}}, "me");
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->method, http::Method::patch);
  EXPECT_EQ(patch->path, "/api/v1/namespaces/team-a/secrets/web?fieldManager=me");
  EXPECT_EQ(patch->headers.at("Content-Type"), "application/merge-patch+json");
  EXPECT_EQ(patch->body, R"({"a":null})");
}

TEST(ApiRequest, RemoveSendsTheGivenPreconditions) {
  const auto plain = remove_request(kSecrets, {"team-a", "web"}, {});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->method, http::Method::del);
  EXPECT_EQ(Json::parse(plain->body), (Json{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}}));
  const auto both = remove_request(kSecrets, {"team-a", "web"}, {.uid = "u", .resource_version = "17"});
  ASSERT_TRUE(both);
  EXPECT_EQ(Json::parse(both->body)["preconditions"], (Json{{"uid", "u"}, {"resourceVersion", "17"}}));
}

TEST(ApiRequest, ReplacementsNeedAResourceVersion) {
  for (const auto& request : {replace_request(kSecrets, an_object("web", ""), "me"),
                              replace_status_request(kSecrets, an_object("web", ""), "me")}) {
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().kind, ErrorKind::invalid);
  }
}

struct KeyRow {
  const char* name;
  const ResourceType& type;
  ObjectKey key;
};
void PrintTo(const KeyRow& row, std::ostream* out) { *out << row.name; }

class WrongKeyTest : public testing::TestWithParam<KeyRow> {};

TEST_P(WrongKeyTest, MakesNoRequest) {
  const auto& [name, type, key] = GetParam();
  const Json object = {
      {"metadata", {{"namespace", key.namespace_name}, {"name", key.name}, {"resourceVersion", "1"}}}};
  for (const auto& request :
       {find_request(type, key), remove_request(type, key, {}), merge_patch_request(type, key, object, "me"),
        replace_request(type, object, "me"), replace_status_request(type, object, "me")}) {
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().kind, ErrorKind::invalid);
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, WrongKeyTest,
                         testing::Values(KeyRow{"NoName", kSecrets, {"team-a", ""}},
                                         KeyRow{"NoNamespace", kSecrets, {"", "web"}},
                                         KeyRow{"NamespaceOfAClusterObject", kNamespaces, {"team-a", "web"}},
                                         KeyRow{"Parent", kSecrets, {"team-a", ".."}},
                                         KeyRow{"Self", kSecrets, {"team-a", "."}},
                                         KeyRow{"Slash", kSecrets, {"team-a", "web/status"}},
                                         KeyRow{"ParentNamespace", kSecrets, {"..", "web"}}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(ApiRequest, CreateNeedsTheRightScopeButMayLeaveTheNameToTheServer) {
  EXPECT_TRUE(create_request(kSecrets, {{"metadata", {{"namespace", "n"}, {"generateName", "x-"}}}}, "me"));
  EXPECT_FALSE(create_request(kSecrets, {{"metadata", {{"name", "x"}}}}, "me"));
  EXPECT_FALSE(create_request(kNamespaces, {{"metadata", {{"namespace", "n"}, {"name", "x"}}}}, "me"));
}

}  // namespace
}  // namespace apiclient::kube
