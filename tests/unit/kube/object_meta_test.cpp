#include "kube/object_meta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/rfc3339.h"

namespace apiclient::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ObjectMeta, ReadsWhatAnOperatorActsOn) {
  const Json object = Json::parse(R"({"metadata":{
    "namespace":"team-a","name":"web","uid":"u-1","resourceVersion":"17","generation":9007199254740993,
    "creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T04:00:00Z",
    "finalizers":["a/b","c/d"],"labels":{"app":"x"},"annotations":{"note":"y","empty":""}}})");
  const auto meta = read_object_meta(object);
  ASSERT_TRUE(meta) << meta.error().message;
  EXPECT_EQ(meta->key.text(), "team-a/web");
  EXPECT_EQ(meta->uid, "u-1");
  EXPECT_EQ(meta->resource_version, "17");
  EXPECT_EQ(meta->generation, 9007199254740993);
  EXPECT_EQ(format_rfc3339(meta->creation_timestamp), "2026-01-02T03:04:05Z");
  ASSERT_TRUE(meta->deleting());
  EXPECT_EQ(format_rfc3339(*meta->deletion_timestamp), "2026-01-02T04:00:00Z");
  EXPECT_THAT(meta->finalizers, ElementsAre("a/b", "c/d"));
  EXPECT_TRUE(meta->has_finalizer("c/d"));
  EXPECT_FALSE(meta->has_finalizer("c"));
  EXPECT_EQ(meta->label("app"), "x");
  EXPECT_EQ(meta->label("other"), "");
  EXPECT_EQ(meta->annotation("note"), "y");
  EXPECT_EQ(meta->annotation("empty"), "");
}

TEST(ObjectMeta, WhatIsMissingOrNullIsEmpty) {
  const auto meta =
      read_object_meta(Json::parse(R"({"metadata":{"name":"n","creationTimestamp":null,"labels":null}})"));
  ASSERT_TRUE(meta);
  EXPECT_EQ(meta->key.text(), "n");
  EXPECT_FALSE(meta->deleting());
  EXPECT_EQ(meta->generation, 0);
  EXPECT_TRUE(meta->labels.empty());
}

TEST(ObjectMeta, MistakesAreAProtocolErrorThatNamesThem) {
  const auto meta = read_object_meta(Json::parse(R"({"metadata":{"uid":5,"labels":{"a":1}}})"));
  ASSERT_FALSE(meta);
  EXPECT_EQ(meta.error().kind, ErrorKind::protocol);
  for (const char* path : {"metadata.name", "metadata.uid", "metadata.labels.a"}) {
    EXPECT_THAT(meta.error().message, HasSubstr(path));
  }
}

}  // namespace
}  // namespace apiclient::kube
