#include "http/router.h"

#include <gmock/gmock.h>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using http::Method;
using http::Router;
using ::testing::ElementsAre;

http::Route route(Method method, const std::string& pattern) {
  return {method, pattern, [](const http::ServerRequest&) { return http::Response{}; }};
}

class RouterTest : public ::testing::Test {
 protected:
  Router router_ = *Router::make({route(Method::get, "/clients"), route(Method::post, "/clients"),
                                  route(Method::get, "/clients/([^/]+)"),
                                  route(Method::del, "/clients/([^/]+)/keys/([^/]+)")});
};

TEST_F(RouterTest, FindsByMethodAndWholePath) {
  EXPECT_EQ(router_.find(Method::post, "/clients")->route->method, Method::post);
  EXPECT_EQ(router_.find(Method::get, "/clients/a")->route->pattern, "/clients/([^/]+)");
  EXPECT_EQ(router_.find(Method::get, "/clients/")->route, nullptr);
  EXPECT_EQ(router_.find(Method::get, "/x/clients")->route, nullptr);
  EXPECT_EQ(router_.find(Method::get, "/clientsx")->route, nullptr);
}

TEST_F(RouterTest, CapturesAreDecodedAfterTheMatch) {
  EXPECT_THAT(router_.find(Method::del, "/clients/a%2Fb/keys/c%20d+e")->captures,
              ElementsAre("a/b", "c d+e"));
}

TEST_F(RouterTest, SaysWhichMethodsAPathHas) {
  const auto match = router_.find(Method::put, "/clients");
  EXPECT_EQ(match->route, nullptr);
  EXPECT_EQ(match->allowed, "GET, POST");
  EXPECT_EQ(router_.find(Method::put, "/none")->allowed, "");
}

TEST_F(RouterTest, BrokenEscapesInACaptureAreNoMatch) {
  EXPECT_FALSE(router_.find(Method::get, "/clients/%zz").has_value());
}

TEST(Router, ABadPatternIsABug) {
  EXPECT_THAT(Router::make({route(Method::get, "(")}), has_error(ErrorKind::internal));
}

TEST(Router, LongPathsDoNotExhaustTheStack) {
  const auto router = Router::make({route(Method::get, "/([^/]+)")});
  EXPECT_EQ(router->find(Method::get, "/" + std::string(8192, 'a'))->captures.size(), 1U);
}

}  // namespace
}  // namespace apiclient::test
