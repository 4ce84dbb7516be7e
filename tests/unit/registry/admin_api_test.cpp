#include "registry/admin_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "registry/admin_request.h"
#include "support/log_capture.h"
#include "unit/registry/row_name.h"
#include "unit/registry/store_world.h"

namespace apiclient::registry::test {
namespace {

using http::Method;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kToken = "admin-token-of-the-test";
const std::string kValue(43, 'x');

/// The API behind a dispatcher as small as the real server's contract allows.
struct AdminWorld : StoreWorld {
  AdminWorld() {
    TemporaryFolder::write(folder.file("admin-token"), kToken + "\n");
    token = AdminToken::load(folder.file("admin-token"), false, {}).value();
    api = std::make_unique<AdminApi>(store, *token);
    routes = api->routes();
  }

  http::Response send(http::ServerRequest request) {
    request.headers.try_emplace("Authorization", "Bearer " + kToken);
    for (const auto& route : routes) {
      std::smatch match;
      if (route.method != request.method || !std::regex_match(request.path, match, std::regex(route.pattern)))
        continue;
      for (std::size_t i = 1; i < match.size(); ++i) request.captures.push_back(match[i]);
      return route.handle(request);
    }
    throw std::logic_error("no route, not even the one for unknown paths");
  }
  http::Response get(const std::string& path, std::vector<std::pair<std::string, std::string>> query = {}) {
    return send({.method = Method::get, .path = path, .query = std::move(query)});
  }
  http::Response write(Method method, const std::string& path, const std::string& body,
                       http::Headers headers = {}) {
    headers.try_emplace("Content-Type", "application/json");
    return send({.method = method, .path = path, .headers = std::move(headers), .body = body});
  }
  http::Response create(const std::string& client_id, const std::string& operation_id = "op-1") {
    const Json body{
        {"client_id", client_id},
        {"client_name", "A machine"},
        {"type", "machine"},
        {"mark",
         {{"installation_id", "i"}, {"namespace", "n"}, {"name", "m"}, {"uid", "u"}, {"revision", 1}}},
        {"secret", {{"value", kValue}, {"operation_id", operation_id}, {"revision", 1}}}};
    return write(Method::post, "/admin/v1/clients", body.dump(), {{"Idempotency-Key", operation_id}});
  }

  std::unique_ptr<AdminToken> token;
  std::unique_ptr<AdminApi> api;
  std::vector<http::Route> routes;
};

void expect_problem(const http::Response& response, int status, const std::string& code) {
  EXPECT_EQ(response.status_code, status);
  EXPECT_EQ(http::find_header(response.headers, "Content-Type"), "application/problem+json");
  const auto body = Json::parse(response.body);
  EXPECT_EQ(body.at("code"), code);
  EXPECT_EQ(body.at("type"), "urn:apiclient:error:" + code);
  EXPECT_EQ(body.at("status"), status);
  EXPECT_TRUE(body.contains("title"));
  EXPECT_TRUE(body.contains("detail"));
}

TEST(AdminApi, CreateAnswersWithTheClientAndItsTag) {
  AdminWorld world;
  const auto response = world.create("a");
  EXPECT_EQ(response.status_code, 201);
  EXPECT_EQ(http::find_header(response.headers, "ETag"), "\"1\"");
  const auto body = Json::parse(response.body);
  EXPECT_EQ(body.at("client_id"), "a");
  EXPECT_EQ(body.at("etag"), "1");
  EXPECT_EQ(body.at("mark").at("uid"), "u");
  EXPECT_EQ(body.at("secrets").at(0).at("operation_id"), "op-1");
  EXPECT_THAT(response.body, Not(HasSubstr(kValue)));
  EXPECT_EQ(world.create("a").status_code, 200);
}

TEST(AdminApi, EveryRequestNeedsTheToken) {
  AdminWorld world;
  for (const auto* path : {"/admin/v1/clients", "/admin/v1/clients/a", "/unknown"}) {
    const auto response =
        world.send({.method = Method::get, .path = path, .headers = {{"Authorization", "Bearer no"}}});
    expect_problem(response, 401, "unauthorized");
    EXPECT_EQ(http::find_header(response.headers, "WWW-Authenticate"), "Bearer");
  }
}

TEST(AdminApi, UnknownPathAndMethodAreToldApart) {
  AdminWorld world;
  expect_problem(world.get("/admin/v1/nothing"), 404, "no_such_path");
  const auto response = world.send({.method = Method::put, .path = "/admin/v1/clients"});
  expect_problem(response, 405, "method_not_allowed");
  EXPECT_EQ(http::find_header(response.headers, "Allow"), "GET, POST");
}

struct BadRow {
  std::string name;
  Method method;
  std::string path;
  std::string body;
  http::Headers headers;
  int status;
  std::string code;
  std::string detail;
  friend void PrintTo(const BadRow& row, std::ostream* stream) { *stream << row.name; }
};

class BadRequest : public ::testing::TestWithParam<BadRow> {};

TEST_P(BadRequest, IsRefused) {
  AdminWorld world;
  world.create("a");
  const auto& row = GetParam();
  const auto response = world.write(row.method, row.path, row.body, row.headers);
  expect_problem(response, row.status, row.code);
  EXPECT_THAT(Json::parse(response.body).at("detail").get<std::string>(), HasSubstr(row.detail));
}

const std::string kClients = "/admin/v1/clients";
const std::string kMachine = R"({"client_id":"b","client_name":"B","type":"machine")";

INSTANTIATE_TEST_SUITE_P(
    Rows, BadRequest,
    ::testing::Values(
        BadRow{"WrongContentType",
               Method::post,
               kClients,
               kMachine + "}",
               {{"Content-Type", "text/plain"}},
               415,
               "unsupported_media_type",
               "application/json"},
        BadRow{"TooLarge",
               Method::post,
               kClients,
               std::string(kMaxAdminBodyBytes + 1, ' '),
               {},
               413,
               "too_large",
               ""},
        BadRow{"NotJson", Method::post, kClients, "{", {}, 400, "invalid_request", ""},
        BadRow{"UnknownMember",
               Method::post,
               kClients,
               kMachine + R"(,"colour":1})",
               {},
               400,
               "invalid_request",
               "colour"},
        BadRow{"TwoOperations",
               Method::post,
               kClients,
               kMachine + R"(,"secret":{"operation_id":"op-1","revision":1,"value":")" + kValue + R"("}})",
               {{"Idempotency-Key", "op-2"}},
               400,
               "invalid_request",
               "Idempotency-Key"},
        BadRow{"SecretWithoutOperation",
               Method::post,
               kClients,
               kMachine + R"(,"secret":{"revision":1,"value":")" + kValue + R"("}})",
               {},
               400,
               "invalid_request",
               "operation_id"},
        BadRow{"CreateWithoutValue",
               Method::post,
               kClients,
               kMachine + R"(,"secret":{"operation_id":"op-2","revision":1}})",
               {},
               400,
               "invalid_request",
               "value"},
        BadRow{"OddOperation",
               Method::post,
               kClients,
               kMachine + "}",
               {{"Idempotency-Key", "a b"}},
               400,
               "invalid_request",
               "Idempotency-Key"},
        BadRow{"Exists",
               Method::post,
               kClients,
               R"({"client_id":"a","client_name":"A","type":"machine"})",
               {},
               409,
               "already_exists",
               ""},
        BadRow{"ReplaceAnother",
               Method::put,
               kClients + "/a",
               kMachine + "}",
               {},
               400,
               "invalid_request",
               "differs from the path"},
        BadRow{"ReplaceWithSecret",
               Method::put,
               kClients + "/b",
               kMachine + R"(,"secret":{"revision":1,"value":")" + kValue + R"("}})",
               {},
               400,
               "invalid_request",
               "secret"},
        BadRow{"ReplaceUnknown", Method::put, kClients + "/b", kMachine + "}", {}, 404, "not_found", ""},
        BadRow{"ReplaceOldTag",
               Method::put,
               kClients + "/a",
               R"({"client_name":"A","type":"machine"})",
               {{"If-Match", "\"7\""}},
               412,
               "precondition_failed",
               "etag"},
        BadRow{"ReplaceOfAnotherOwner",
               Method::put,
               kClients + "/a",
               R"({"client_name":"A","type":"machine"})",
               {{"Apiclient-Owner-Uid", "other"}},
               412,
               "precondition_failed",
               "uid"},
        BadRow{"SecretOfAnotherOwner",
               Method::post,
               kClients + "/a/secrets",
               R"({"operation_id":"op-2","revision":2})",
               {{"Apiclient-Owner-Uid", "other"}},
               412,
               "precondition_failed",
               "uid"},
        BadRow{"SecretAtTheSameRevision",
               Method::post,
               kClients + "/a/secrets",
               R"({"operation_id":"op-2","revision":1})",
               {},
               409,
               "revision_conflict",
               "the next one is 2"},
        BadRow{"SecretOfNobody",
               Method::post,
               kClients + "/b/secrets",
               R"({"operation_id":"op-2","revision":1})",
               {},
               404,
               "not_found",
               ""}),
    test::RowName());

TEST(AdminApi, ReplaceKeepsSecretsAndRaisesTheTag) {
  AdminWorld world;
  world.create("a");
  const auto response = world.write(Method::put, "/admin/v1/clients/a",
                                    R"({"client_id":"a","client_name":"New","type":"machine"})",
                                    {{"If-Match", "\"1\""}, {"Apiclient-Owner-Uid", "u"}});
  EXPECT_EQ(response.status_code, 200);
  EXPECT_EQ(http::find_header(response.headers, "ETag"), "\"2\"");
  const auto body = Json::parse(response.body);
  EXPECT_EQ(body.at("client_name"), "New");
  EXPECT_EQ(body.at("secrets").size(), 1U);
  EXPECT_EQ(Json::parse(world.get("/admin/v1/clients/a").body), body);
}

TEST(AdminApi, DisableAndEnableAnswerWithTheClient) {
  AdminWorld world;
  const auto created = Json::parse(world.create("a").body);
  EXPECT_EQ(created.at("disabled"), false);
  const auto post = [&](const std::string& action, http::Headers headers = {}) {
    return world.send(
        {.method = Method::post, .path = "/admin/v1/clients/a/" + action, .headers = std::move(headers)});
  };
  for (int i = 0; i < 2; ++i) {
    const auto response = post("disable", {{"Apiclient-Owner-Uid", "u"}});
    EXPECT_EQ(response.status_code, 200);
    EXPECT_EQ(http::find_header(response.headers, "ETag"), "\"2\"");
    EXPECT_EQ(Json::parse(response.body).at("disabled"), true);
    EXPECT_EQ(Json::parse(response.body).at("secrets"), created.at("secrets"));
    EXPECT_EQ(response.body, world.get("/admin/v1/clients/a").body);
  }
  const auto replaced = world.write(Method::put, "/admin/v1/clients/a",
                                    R"({"client_id":"a","client_name":"New","type":"machine"})");
  EXPECT_EQ(Json::parse(replaced.body).at("disabled"), true);
  expect_problem(post("enable", {{"Apiclient-Owner-Uid", "other"}}), 412, "precondition_failed");
  expect_problem(post("enable", {{"If-Match", "\"1\""}}), 412, "precondition_failed");
  const auto enabled = post("enable", {{"If-Match", "\"3\""}});
  EXPECT_EQ(enabled.status_code, 200);
  EXPECT_EQ(Json::parse(enabled.body).at("disabled"), false);
  expect_problem(world.send({.method = Method::get, .path = "/admin/v1/clients/a/disable"}), 405,
                 "method_not_allowed");
  expect_problem(world.send({.method = Method::post, .path = "/admin/v1/clients/b/disable"}), 404,
                 "not_found");
}

TEST(AdminApi, GeneratedValueIsShownOnce) {
  AdminWorld world;
  world.create("a");
  const std::string body = R"({"operation_id":"op-2","revision":2})";
  const auto first = world.write(Method::post, "/admin/v1/clients/a/secrets", body);
  EXPECT_EQ(first.status_code, 201);
  const auto secret = Json::parse(first.body);
  EXPECT_EQ(secret.at("value").get<std::string>().size(), 43U);
  EXPECT_EQ(secret.at("value").get<std::string>().substr(39), secret.at("hint").get<std::string>());
  const auto second = world.write(Method::post, "/admin/v1/clients/a/secrets", body);
  EXPECT_EQ(second.status_code, 200);
  EXPECT_FALSE(Json::parse(second.body).contains("value"));
  EXPECT_EQ(Json::parse(second.body).at("id"), secret.at("id"));
}

TEST(AdminApi, GivenValueIsNotShown) {
  AdminWorld world;
  world.create("a");
  const std::string value(43, 'y');
  const auto response = world.write(Method::post, "/admin/v1/clients/a/secrets",
                                    R"({"operation_id":"op-2","revision":2,"value":")" + value + "\"}",
                                    {{"Idempotency-Key", "op-2"}, {"Apiclient-Owner-Uid", "u"}});
  EXPECT_EQ(response.status_code, 201);
  EXPECT_THAT(response.body, Not(HasSubstr(value)));
}

TEST(AdminApi, SecretsAreListedAndDeleted) {
  AdminWorld world;
  world.create("a");
  const auto listed = Json::parse(world.get("/admin/v1/clients/a/secrets").body).at("items");
  ASSERT_EQ(listed.size(), 1U);
  const std::string path = "/admin/v1/clients/a/secrets/" + listed.at(0).at("id").get<std::string>();
  EXPECT_EQ(world.send({.method = Method::del, .path = path}).status_code, 204);
  expect_problem(world.send({.method = Method::del, .path = path}), 404, "not_found");
  EXPECT_EQ(Json::parse(world.get("/admin/v1/clients/a/secrets").body).at("items"), Json::array());
}

TEST(AdminApi, DeleteChecksTheUid) {
  AdminWorld world;
  world.create("a");
  const auto remove = [&](const std::string& uid) {
    return world.send({.method = Method::del, .path = "/admin/v1/clients/a", .query = {{"uid", uid}}});
  };
  expect_problem(remove("other"), 412, "precondition_failed");
  EXPECT_EQ(remove("u").status_code, 204);
  expect_problem(remove("u"), 404, "not_found");
  expect_problem(world.create("a"), 409, "deleted_operation");
}

TEST(AdminApi, ListGoesOnWhereTheTokenSays) {
  AdminWorld world;
  for (const auto* id : {"a", "b", "c"}) world.create(id, std::string("op-") + id);
  auto page = Json::parse(world.get(kClients, {{"limit", "2"}}).body);
  ASSERT_EQ(page.at("items").size(), 2U);
  EXPECT_EQ(page.at("items").at(1).at("client_id"), "b");
  page = Json::parse(world.get(kClients, {{"limit", "2"}, {"continue", page.at("continue")}}).body);
  ASSERT_EQ(page.at("items").size(), 1U);
  EXPECT_EQ(page.at("items").at(0).at("client_id"), "c");
  EXPECT_EQ(page.at("continue"), "");
  EXPECT_EQ(page.at("server_version"), APICLIENT_VERSION);
}

TEST(AdminApi, ListFiltersByOwnerAndText) {
  AdminWorld world;
  world.create("a");
  EXPECT_EQ(Json::parse(world.get(kClients, {{"owner", "i"}}).body).at("items").size(), 1U);
  EXPECT_EQ(Json::parse(world.get(kClients, {{"owner", "j"}}).body).at("items").size(), 0U);
  EXPECT_EQ(Json::parse(world.get(kClients, {{"search", "machine"}}).body).at("items").size(), 1U);
}

TEST(AdminApi, ListRefusesWhatItCannotRead) {
  AdminWorld world;
  for (const auto* limit : {"0", "-1", "ten", "1x", "99999999999999999999999"})
    expect_problem(world.get(kClients, {{"limit", limit}}), 400, "invalid_request");
  for (const auto* token : {"!!!", "Lw"})
    expect_problem(world.get(kClients, {{"continue", token}}), 400, "invalid_request");
  EXPECT_EQ(world.get(kClients, {{"limit", "501"}}).status_code, 200)
      << "too many is cut to the most there is";
}

TEST(AdminApi, NothingSecretIsLogged) {
  AdminWorld world;
  const apiclient::test::LogCapture capture;
  world.create("a");
  world.create("a");
  const auto generated = Json::parse(
      world.write(Method::post, "/admin/v1/clients/a/secrets", R"({"operation_id":"op-2","revision":2})")
          .body);
  world.write(Method::post, "/admin/v1/clients", R"({"secret":{"value":"too-short-secret"}})");
  const auto log = capture.text();
  EXPECT_THAT(log, HasSubstr("client created"));
  for (const auto& secret :
       {kValue, kToken, generated.at("value").get<std::string>(), std::string("too-short-secret")})
    EXPECT_THAT(log, Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace apiclient::registry::test
