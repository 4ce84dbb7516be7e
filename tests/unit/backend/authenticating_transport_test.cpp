#include "backend/authenticating_transport.h"

#include <gmock/gmock.h>

#include "support/matchers.h"
#include "support/scripted_transport.h"

namespace apiclient::backend {
namespace {

using http::Method;
using test::is_ok;
using ::testing::HasSubstr;
using ::testing::Not;

/// "Bearer token-1", then "Bearer token-2", …; a new one whenever the last was refused.
class CountingAuthenticator final : public Authenticator {
 public:
  Result<Authorization> authorize(const std::stop_token& /*stop*/) override {
    if (error) return fail(*error);
    const std::string token = "token-" + std::to_string(number);
    return Authorization{.header = std::make_shared<const Secret>("Bearer " + token),
                         .secrets = {std::make_shared<const Secret>(token)}};
  }
  bool refused(const Authorization& /*used*/) override {
    ++number;
    return can_renew;
  }

  int number = 1;
  bool can_renew = true;
  std::optional<Error> error;
};

class AuthenticatingTransportTest : public ::testing::Test {
 protected:
  Result<http::Response> post() {
    return authenticated_.send({.method = Method::post, .path = "/x", .body = "{\"a\":1}"}, {});
  }
  std::string header_of(std::size_t request) {
    return std::string(http::find_header(inner_.requests().at(request).headers, "Authorization"));
  }

  test::ScriptedTransport inner_;
  CountingAuthenticator authenticator_;
  AuthenticatingTransport authenticated_{inner_, authenticator_};
};

TEST_F(AuthenticatingTransportTest, AddsTheHeader) {
  inner_.expect(Method::post, "/x", 201, "token-1 stays in a success");
  const auto response = post();
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(header_of(0), "Bearer token-1");
  EXPECT_EQ(inner_.requests()[0].body, "{\"a\":1}");
  EXPECT_EQ(response->body, "token-1 stays in a success");
}

TEST_F(AuthenticatingTransportTest, ARefusedTokenIsRenewedOnce) {
  inner_.expect(Method::post, "/x", 401).expect(Method::post, "/x", 201);
  ASSERT_THAT(post(), is_ok());
  EXPECT_EQ(header_of(1), "Bearer token-2");
  EXPECT_EQ(inner_.requests()[1].body, "{\"a\":1}");
}

TEST_F(AuthenticatingTransportTest, ASecondRefusalStands) {
  inner_.expect(Method::post, "/x", 401).expect(Method::post, "/x", 401);
  const auto response = post();
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status_code, 401);
}

TEST_F(AuthenticatingTransportTest, WithoutABetterOneThereIsNoSecondTry) {
  authenticator_.can_renew = false;
  inner_.expect(Method::post, "/x", 401);
  ASSERT_THAT(post(), is_ok());
}

TEST_F(AuthenticatingTransportTest, WithoutCredentialsNothingIsSent) {
  authenticator_.error = Error{.kind = ErrorKind::unauthorized, .message = "no token"};
  EXPECT_THAT(post(), test::has_error(ErrorKind::unauthorized));
  EXPECT_TRUE(inner_.requests().empty());
}

TEST_F(AuthenticatingTransportTest, ARefusalThatRepeatsTheTokenLosesThatMember) {
  authenticator_.can_renew = false;
  inner_.expect(Method::post, "/x", 401,
                R"({"code":"unauthorized","detail":"token-1 is wrong","deep":{"a":["token-1"]}})");
  const auto response = post();
  ASSERT_THAT(response, is_ok());
  EXPECT_THAT(response->body, Not(HasSubstr("token-1")));
  EXPECT_THAT(response->body, HasSubstr("unauthorized"));
}

TEST_F(AuthenticatingTransportTest, APageThatRepeatsTheTokenIsDropped) {
  inner_.expect(Method::post, "/x", 500, "<html>token-1</html>");
  const auto response = post();
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->body, "");
}

}  // namespace
}  // namespace apiclient::backend
