#include "app/probe_server.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace apiclient::app {
namespace {

struct Row {
  std::string name;
  bool passes;
  std::vector<std::pair<std::string, std::string>> query;
  int status_code;
  std::string body;
};
class CheckRoute : public ::testing::TestWithParam<Row> {};

TEST_P(CheckRoute, Answers) {
  const auto route = check_route(
      "/readyz", [] { return GetParam().passes; }, [] { return std::string("caches: details"); });
  EXPECT_EQ(route.method, http::Method::get);
  EXPECT_EQ(route.pattern, "/readyz");
  const http::Response response = route.handle({.path = "/readyz", .query = GetParam().query});
  EXPECT_EQ(response.status_code, GetParam().status_code);
  EXPECT_EQ(response.body, GetParam().body);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CheckRoute,
    ::testing::Values(
        Row{"Passes", true, {}, 200, "ok"}, Row{"Fails", false, {}, 500, "not ok"},
        Row{"PassesInDetail", true, {{"verbose", ""}}, 200, "caches: details"},
        Row{"FailsInDetail", false, {{"verbose", ""}}, 500, "caches: details"},
        Row{"DetailsAskedForSecond", true, {{"exclude", "x"}, {"verbose", ""}}, 200, "caches: details"},
        Row{"OtherQuery", true, {{"exclude", "verbose"}}, 200, "ok"}),
    test::RowName());

TEST(TextRoute, AnswersWithTheTextOfTheMoment) {
  int count = 0;
  const auto route = text_route("/metrics", [&] { return "count " + std::to_string(++count); });
  EXPECT_EQ(route.handle({}).body, "count 1");
  const http::Response second = route.handle({});
  EXPECT_EQ(second.status_code, 200);
  EXPECT_EQ(second.body, "count 2");
}

}  // namespace
}  // namespace apiclient::app
