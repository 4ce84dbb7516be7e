#include "app/metrics_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "support/fake_clock.h"
#include "support/matchers.h"

namespace apiclient::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Answers reviews as an API server that knows two tokens, and lets one of their owners read /metrics.
class ReviewServer final : public kube::Writer {
 public:
  Result<Json> create(const kube::ResourceType& type, const Json& object, std::string_view /*field_manager*/,
                      std::stop_token /*stop*/) override {
    asked.push_back(type.kind);
    if (down) return fail(ErrorKind::unavailable, "connection refused");
    Json answer = object;
    if (type.kind == "TokenReview") {
      const std::string token = object["spec"]["token"];
      answer["status"] = {{"authenticated", token == "prometheus" || token == "somebody"}};
      if (answer["status"]["authenticated"]) {
        answer["status"]["user"] = {{"username", token}, {"groups", {"system:authenticated"}}};
      }
      return answer;
    }
    last_access = object["spec"];
    answer["status"] = {{"allowed", object["spec"]["user"] == "prometheus"}};
    return answer;
  }
  Result<Json> replace(const kube::ResourceType& /*type*/, const Json& /*object*/,
                       std::string_view /*field_manager*/, std::stop_token /*stop*/) override {
    return unexpected();
  }
  Result<void> rehearse(const kube::ResourceType& /*type*/, const Json& /*object*/,
                        std::string_view /*field_manager*/, std::stop_token /*stop*/) override {
    return fail(unexpected().error());
  }
  Result<Json> replace_status(const kube::ResourceType& /*type*/, const Json& /*object*/,
                              std::string_view /*field_manager*/, std::stop_token /*stop*/) override {
    return unexpected();
  }
  Result<Json> merge_patch(const kube::ResourceType& /*type*/, const kube::ObjectKey& /*key*/,
                           const Json& /*patch*/, std::string_view /*field_manager*/,
                           std::stop_token /*stop*/) override {
    return unexpected();
  }
  Result<void> remove(const kube::ResourceType& /*type*/, const kube::ObjectKey& /*key*/,
                      const kube::Preconditions& /*preconditions*/, std::stop_token /*stop*/) override {
    return fail(unexpected().error());
  }

  std::vector<std::string> asked;
  Json last_access;
  bool down = false;

 private:
  Result<Json> unexpected() {
    asked.emplace_back("something else");
    return fail(ErrorKind::internal, "not a review");
  }
};

class Access : public ::testing::Test {
 protected:
  /// 200: it was let in.
  int status(const std::string& authorization) {
    http::ServerRequest request{.path = "/metrics"};
    if (!authorization.empty()) request.headers["Authorization"] = authorization;
    const auto refused = access_.refuse(request);
    return refused ? refused->status_code : 200;
  }

  ReviewServer server_;
  test::FakeClock clock_;
  MetricsAccess access_{server_, clock_};
};

struct Row {
  std::string name;
  std::string authorization;
  int status_code;
};
class AccessRow : public Access, public ::testing::WithParamInterface<Row> {};

TEST_P(AccessRow, IsAsTheServerSays) { EXPECT_EQ(status(GetParam().authorization), GetParam().status_code); }

INSTANTIATE_TEST_SUITE_P(
    Table, AccessRow,
    ::testing::Values(Row{"NoToken", "", 401}, Row{"AnotherScheme", "Basic cHJvbQ==", 401},
                      Row{"EmptyToken", "Bearer ", 401}, Row{"NobodysToken", "Bearer stranger", 401},
                      Row{"NotAllowed", "Bearer somebody", 403}, Row{"Allowed", "Bearer prometheus", 200},
                      Row{"AllowedInSmallLetters", "bearer prometheus", 200}),
    test::RowName());

TEST_F(Access, WithoutATokenNobodyIsAsked) {
  status("");
  EXPECT_THAT(server_.asked, IsEmpty());
}

TEST_F(Access, TheQuestionSaysWhoWantsToReadWhat) {
  ASSERT_EQ(status("Bearer prometheus"), 200);
  EXPECT_EQ(server_.last_access, (Json{{"user", "prometheus"},
                                       {"groups", {"system:authenticated"}},
                                       {"nonResourceAttributes", {{"path", "/metrics"}, {"verb", "get"}}}}));
}

TEST_F(Access, AnswersAreRememberedForAWhile) {
  ASSERT_EQ(status("Bearer prometheus"), 200);
  clock_.advance(59s);
  ASSERT_EQ(status("Bearer prometheus"), 200);
  EXPECT_THAT(server_.asked, ElementsAre("TokenReview", "SubjectAccessReview"));
  clock_.advance(2s);
  ASSERT_EQ(status("Bearer prometheus"), 200);
  EXPECT_EQ(server_.asked.size(), 4U);
}

TEST_F(Access, ARefusalIsRememberedForAShorterWhile) {
  ASSERT_EQ(status("Bearer somebody"), 403);
  ASSERT_EQ(status("Bearer somebody"), 403);
  EXPECT_EQ(server_.asked.size(), 2U);
  clock_.advance(11s);
  ASSERT_EQ(status("Bearer somebody"), 403);
  EXPECT_EQ(server_.asked.size(), 4U);
}

TEST_F(Access, WhileNobodyCanBeAskedOnlyThoseWhoAreRememberedAreLetIn) {
  ASSERT_EQ(status("Bearer prometheus"), 200);
  server_.down = true;
  EXPECT_EQ(status("Bearer prometheus"), 200);
  EXPECT_EQ(status("Bearer somebody"), 503);
  server_.down = false;
  EXPECT_EQ(status("Bearer somebody"), 403) << "a failure is not remembered";
}

TEST_F(Access, GuardsARoute) {
  const http::Route route = guarded_route(
      {.method = http::Method::get,
       .pattern = "/metrics",
       .handle = [](const http::ServerRequest& /*request*/) { return http::Response{.status_code = 200}; }},
      access_);
  const http::Response refused = route.handle({.path = "/metrics"});
  EXPECT_EQ(refused.status_code, 401);
  EXPECT_EQ(http::find_header(refused.headers, "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(
      route.handle({.path = "/metrics", .headers = {{"Authorization", "Bearer prometheus"}}}).status_code,
      200);
}

}  // namespace
}  // namespace apiclient::app
