#include "kube/rest_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "recording_transport.h"
#include "support/fake_clock.h"

namespace apiclient::kube {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const ObjectKey kWeb{.namespace_name = "team-a", .name = "web"};

class CountingToken final : public TokenSource {
 public:
  Result<Secret> token() override {
    if (broken) return fail(ErrorKind::unavailable, "no token");
    return Secret("t0ken");
  }
  void rejected(BootTime used_at) override { rejections.push_back(used_at); }
  std::vector<BootTime> rejections;
  bool broken = false;
};

Json a_secret(const char* name = "web") {
  return {{"kind", "Secret"},
          {"metadata", {{"namespace", "team-a"}, {"name", name}, {"uid", "u"}, {"resourceVersion", "17"}}},
          {"data", {{"password", "aGlkZGVu"}}}};
}

std::string a_status(int code, const char* reason) {
  return Json{{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", "the server's words"}}
      .dump();
}

std::string a_page(std::initializer_list<const char*> names, const char* continue_token,
                   const char* kind = "SecretList") {
  Json page = {{"kind", kind}, {"metadata", {{"resourceVersion", "42"}}}, {"items", Json::array()}};
  if (*continue_token != '\0') page["metadata"]["continue"] = continue_token;
  for (const char* name : names) page["items"].push_back(a_secret(name));
  return page.dump();
}

class RestClientTest : public testing::Test {
 protected:
  Result<void> collect(Json&& item) {
    names.push_back(item["metadata"]["name"]);
    if (names.size() == fail_at) return fail(ErrorKind::cancelled, "enough");
    return {};
  }
  Result<std::string> list(const ListOptions& options = {}) {
    return client.list(kSecrets, options, [this](Json&& item) { return collect(std::move(item)); }, {});
  }
  Result<void> watch(const WatchOptions& options = {}) {
    return client.watch(kSecrets, options,
                        [this](WatchEvent&& event) -> Result<void> {
                          if (auto* changed = std::get_if<ObjectChanged>(&event))
                            return collect(std::move(changed->object));
                          names.emplace_back("other");
                          return {};
                        },
                        {});
  }

  test::RecordingTransport unary;
  test::RecordingTransport stream;
  CountingToken token;
  telemetry::Metrics metrics;
  test::FakeClock clock;
  RestClient client{{.unary = unary,
                     .watch = stream,
                     .token = token,
                     .metrics = metrics,
                     .clock = clock,
                     .timeout = std::chrono::milliseconds(1234)}};
  std::vector<std::string> names;
  std::size_t fail_at = 0;
};

TEST_F(RestClientTest, RequestsCarryTokenAndTimeout) {
  unary.answer(200, a_secret().dump());
  ASSERT_TRUE(client.find(kSecrets, kWeb, {}));
  ASSERT_EQ(unary.requests.size(), 1U);
  EXPECT_EQ(unary.requests[0].headers.at("Authorization"), "Bearer t0ken");
  EXPECT_EQ(unary.requests[0].path, "/api/v1/namespaces/team-a/secrets/web");
  EXPECT_EQ(unary.requests[0].timeout, std::chrono::milliseconds(1234));
}

TEST_F(RestClientTest, FindKnowsFoundAbsentAndNeither) {
  unary.answer(200, a_secret().dump());
  const auto found = client.find(kSecrets, kWeb, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(**found, a_secret());
  Json status = Json::parse(a_status(404, "NotFound"));
  status["details"] = {{"name", "web"}, {"kind", "secrets"}};
  unary.answer(404, status.dump());
  const auto absent = client.find(kSecrets, kWeb, {});
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->has_value());
  unary.answer(404, "404 page not found\n");
  const auto unknown = client.find(kSecrets, kWeb, {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
  unary.answer(200, a_secret("other").dump());
  EXPECT_EQ(client.find(kSecrets, kWeb, {}).error().kind, ErrorKind::protocol);
}

TEST_F(RestClientTest, ListHandsOutEachItemOfAllPagesOnce) {
  unary.answer(200, a_page({"a", "b"}, "more"));
  unary.answer(200, a_page({"c"}, ""));
  const auto version = list({.page_size = 2});
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_EQ(*version, "42");
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
  EXPECT_EQ(unary.requests[0].path, "/api/v1/secrets?limit=2&resourceVersion=0");
  EXPECT_EQ(unary.requests[1].path, "/api/v1/secrets?limit=2&continue=more");
}

TEST_F(RestClientTest, ListThatExpiresBetweenPagesEndsAsExpired) {
  unary.answer(200, a_page({"a"}, "more"));
  unary.answer(410, a_status(410, "Expired"));
  const auto version = list();
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().kind, ErrorKind::expired);
  EXPECT_EQ(version.error().message, "list secrets: the server's words");
  EXPECT_THAT(names, ElementsAre("a"));
}

TEST_F(RestClientTest, ListEndsWithTheErrorOfItsCaller) {
  fail_at = 2;
  unary.answer(200, a_page({"a", "b", "c"}, "more"));
  EXPECT_EQ(list().error().kind, ErrorKind::cancelled);
  EXPECT_THAT(names, ElementsAre("a", "b"));
}

TEST_F(RestClientTest, ListThatDoesNotAdvanceIsEnded) {
  unary.answer(200, a_page({"a"}, "more"));
  unary.answer(200, a_page({"b"}, "more"));
  EXPECT_EQ(list().error().kind, ErrorKind::protocol);
}

TEST_F(RestClientTest, NullItemsAreAnEmptyList) {
  unary.answer(200, R"({"kind":"SecretList","metadata":{"resourceVersion":"7"},"items":null})");
  const auto version = list();
  ASSERT_TRUE(version);
  EXPECT_EQ(*version, "7");
}

TEST_F(RestClientTest, AnswersThatAreNoSuchListAreProtocolErrors) {
  const std::vector<std::string> answers = {
      "<html>",
      "[]",
      R"({"kind":"Table","metadata":{"resourceVersion":"1"},"rows":[]})",
      R"({"kind":"SecretList","items":[]})",
      R"({"kind":"SecretList","metadata":{"resourceVersion":"1"},"items":{}})",
  };
  for (const std::string& answer : answers) {
    unary.answer(200, answer);
    const auto version = list();
    ASSERT_FALSE(version) << answer;
    EXPECT_EQ(version.error().kind, ErrorKind::protocol) << answer;
  }
}

TEST_F(RestClientTest, MetadataAskedAndFullObjectsGotIsRefused) {
  unary.answer(200, a_page({"a"}, ""));
  EXPECT_EQ(list({.content = Content::metadata}).error().kind, ErrorKind::protocol);
  unary.answer(200, a_page({"a"}, "", "PartialObjectMetadataList"));
  EXPECT_TRUE(list({.content = Content::metadata}));
  EXPECT_THAT(names, ElementsAre("a"));
}

TEST_F(RestClientTest, WatchHandsOutEventsUntilTheServerEndsIt) {
  stream.answer(200, Json{{"type", "ADDED"}, {"object", a_secret()}}.dump() + "\n" +
                         R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})" + "\n");
  EXPECT_TRUE(watch({.resource_version = "5"}));
  EXPECT_THAT(names, ElementsAre("web", "other"));
  EXPECT_EQ(stream.requests[0].headers.at("Authorization"), "Bearer t0ken");
  EXPECT_THAT(stream.requests[0].path, HasSubstr("resourceVersion=5"));
}

TEST_F(RestClientTest, WatchErrorsComeFromTheEventTheStatusAndTheCut) {
  stream.answer(200, R"({"type":"ERROR","object":)" + a_status(410, "Expired") + "}\n");
  EXPECT_EQ(watch().error().message, "watch secrets: the server's words");
  stream.answer(410, a_status(410, "Expired"));
  EXPECT_EQ(watch().error().kind, ErrorKind::expired);
  stream.answer(200, R"({"type":"ADD)");
  EXPECT_EQ(watch().error().kind, ErrorKind::unavailable);
  stream.answer(Error{.kind = ErrorKind::timeout, .message = "silence"});
  EXPECT_EQ(watch({.namespace_name = "n"}).error().message, "watch secrets n: silence");
}

TEST_F(RestClientTest, WatchOfMetadataRefusesFullObjects) {
  const std::string event = Json{{"type", "DELETED"}, {"object", a_secret()}}.dump() + "\n";
  stream.answer(200, event);
  EXPECT_EQ(watch({.content = Content::metadata}).error().kind, ErrorKind::protocol);
  EXPECT_TRUE(names.empty());
}

TEST_F(RestClientTest, WritesReturnTheObjectAsStored) {
  const Json stored = {{"kind", "Secret"}, {"metadata", {{"name", "web"}, {"resourceVersion", "18"}}}};
  for (const int code : {201, 200, 200, 200}) unary.answer(code, stored.dump());
  EXPECT_EQ(*client.create(kSecrets, a_secret(), "me", {}), stored);
  EXPECT_EQ(*client.replace(kSecrets, a_secret(), "me", {}), stored);
  EXPECT_EQ(*client.replace_status(kSecrets, a_secret(), "me", {}), stored);
  EXPECT_EQ(*client.merge_patch(kSecrets, kWeb, Json::object(), "me", {}), stored);
  ASSERT_EQ(unary.requests.size(), 4U);
  EXPECT_THAT(unary.requests[2].path, HasSubstr("/web/status?fieldManager=me"));
}

TEST_F(RestClientTest, ErrorsNameTheCallOnceAndNeverTheBody) {
  unary.answer(409, a_status(409, "AlreadyExists"));
  const auto created = client.create(kSecrets, a_secret(), "me", {});
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().kind, ErrorKind::already_exists);
  EXPECT_EQ(created.error().message, "create secrets team-a/web: the server's words");
  unary.answer(200, "{\"data\":\"aGlkZGVu");
  const auto broken = client.replace(kSecrets, a_secret(), "me", {});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind, ErrorKind::protocol);
  EXPECT_THAT(broken.error().message,
              AllOf(HasSubstr("replace secrets team-a/web: "), Not(HasSubstr("aGlkZGVu"))));
}

TEST_F(RestClientTest, RemoveTakesAbsentAsDoneAndNothingElse) {
  unary.answer(200, a_status(200, ""));
  EXPECT_TRUE(client.remove(kSecrets, kWeb, {.uid = "u"}, {}));
  Json status = Json::parse(a_status(404, "NotFound"));
  status["details"] = {{"name", "web"}, {"kind", "secrets"}};
  unary.answer(404, status.dump());
  EXPECT_TRUE(client.remove(kSecrets, kWeb, {}, {}));
  unary.answer(404, "404 page not found\n");
  EXPECT_EQ(client.remove(kSecrets, kWeb, {}, {}).error().kind, ErrorKind::not_found);
  unary.answer(409, a_status(409, "Conflict"));
  EXPECT_EQ(client.remove(kSecrets, kWeb, {}, {}).error().kind, ErrorKind::conflict);
}

TEST_F(RestClientTest, WrongKeysAreNotSent) {
  EXPECT_EQ(client.remove(kSecrets, {"team-a", ""}, {}, {}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(client.find(kSecrets, {"", "web"}, {}).error().message,
            "find secrets web: a namespace is needed");
  EXPECT_TRUE(unary.requests.empty());
}

TEST_F(RestClientTest, TokenIsRejectedByA401AndByNothingElse) {
  unary.answer(403, a_status(403, "Forbidden"));
  EXPECT_FALSE(client.find(kSecrets, kWeb, {}));
  EXPECT_TRUE(token.rejections.empty());
  unary.answer(401, a_status(401, "Unauthorized"));
  stream.answer(401, a_status(401, "Unauthorized"));
  EXPECT_EQ(client.find(kSecrets, kWeb, {}).error().kind, ErrorKind::unauthorized);
  EXPECT_EQ(watch().error().kind, ErrorKind::unauthorized);
  EXPECT_THAT(token.rejections, ElementsAre(clock.now(), clock.now()));
}

TEST_F(RestClientTest, WithoutATokenNothingIsSent) {
  token.broken = true;
  EXPECT_EQ(client.find(kSecrets, kWeb, {}).error().message, "find secrets team-a/web: no token");
  EXPECT_EQ(watch().error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(unary.requests.empty());
}

TEST_F(RestClientTest, CountsRequestsByStatusOrKindOfFailure) {
  unary.answer(201, a_secret().dump());
  unary.answer(Error{.kind = ErrorKind::timeout, .message = "too slow"});
  stream.answer(200, R"({"type":"ERROR","object":)" + a_status(500, "InternalError") + "}\n");
  EXPECT_TRUE(client.create(kSecrets, a_secret(), "me", {}));
  EXPECT_FALSE(client.find(kSecrets, kWeb, {}));
  EXPECT_FALSE(watch());
  const std::string text = metrics.text();
  for (const char* labels :
       {R"(code="201",method="POST"})", R"(code="timeout",method="GET"})", R"(code="200",method="GET"})"}) {
    EXPECT_THAT(text, HasSubstr(labels));
  }
}

}  // namespace
}  // namespace apiclient::kube
