#include "registry/route_table.h"

#include <gtest/gtest.h>

#include <regex>

namespace apiclient::registry {
namespace {

using http::Method;

http::Response answer(const std::vector<http::Route>& routes, Method method, const std::string& path) {
  for (const auto& route : routes)
    if (route.method == method && std::regex_match(path, std::regex(route.pattern)))
      return route.handle({.method = method, .path = path});
  return {.status_code = 0};
}

Handler fixed(int status_code) {
  return [status_code](const http::ServerRequest&) { return http::Response{.status_code = status_code}; };
}

const std::vector<http::Route> kRoutes = complete_routes({{Method::get, "/a", fixed(200)},
                                                          {Method::post, "/a", fixed(201)},
                                                          {Method::get, "/a/([^/]+)", fixed(202)}});

TEST(RouteTable, GivenRoutesComeFirst) {
  EXPECT_EQ(answer(kRoutes, Method::get, "/a").status_code, 200);
  EXPECT_EQ(answer(kRoutes, Method::post, "/a").status_code, 201);
  EXPECT_EQ(answer(kRoutes, Method::get, "/a/b").status_code, 202);
}

TEST(RouteTable, OtherMethodIsNotAllowedAndSaysWhichAre) {
  const auto response = answer(kRoutes, Method::del, "/a");
  EXPECT_EQ(response.status_code, 405);
  EXPECT_EQ(http::find_header(response.headers, "Allow"), "GET, POST");
  EXPECT_EQ(http::find_header(answer(kRoutes, Method::patch, "/a/b").headers, "Allow"), "GET");
}

TEST(RouteTable, OtherPathIsNotFoundForEveryMethod) {
  for (const auto method : {Method::get, Method::post, Method::put, Method::patch, Method::del})
    EXPECT_EQ(answer(kRoutes, method, "/b/c").status_code, 404);
}

TEST(RouteTable, WrapperIsAroundEveryHandler) {
  const auto wrapped = wrap_routes(kRoutes, [](const Handler& next) {
    return [next](const http::ServerRequest& request) {
      auto response = next(request);
      response.status_code += 1000;
      return response;
    };
  });
  EXPECT_EQ(answer(wrapped, Method::get, "/a").status_code, 1200);
  EXPECT_EQ(answer(wrapped, Method::del, "/a").status_code, 1405);
  EXPECT_EQ(answer(wrapped, Method::del, "/b").status_code, 1404);
}

TEST(RouteTable, EscapedPatternMatchesItselfOnly) {
  const std::string text = "/a.b+(c)[d]{e}|f^g$h*i?j\\k";
  EXPECT_TRUE(std::regex_match(text, std::regex(escape_pattern(text))));
  EXPECT_FALSE(std::regex_match(std::string("/axb"), std::regex(escape_pattern("/a.b"))));
}

}  // namespace
}  // namespace apiclient::registry
