#include "backend/client_credentials.h"

#include <gmock/gmock.h>

#include "support/fake_clock.h"
#include "support/matchers.h"
#include "support/scripted_transport.h"

namespace apiclient::backend {
namespace {

using namespace std::chrono_literals;
using http::Method;
using test::has_error;
using test::is_ok;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPath = "/oauth2/token";

std::string token(int number, const std::string& more = R"(,"expires_in":600)") {
  return R"({"access_token":"token-)" + std::to_string(number) + R"(","token_type":"Bearer")" + more + "}";
}

/// Hands a scripted transport over to whoever asks.
class Borrowed final : public http::Transport {
 public:
  explicit Borrowed(http::Transport& real) : real_(real) {}
  Result<http::Response> send(const http::Request& request, std::stop_token stop) override {
    return real_.send(request, std::move(stop));
  }
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override {
    return real_.stream(request, on_chunk, std::move(stop));
  }

 private:
  http::Transport& real_;
};

class ClientCredentialsTest : public ::testing::Test {
 protected:
  void make(ClientCredentialsAuth auth) {
    auto made = make_client_credentials(
        std::move(auth),
        {.discovery = discovery_,
         .make_transport = [this](const std::string& origin) -> Result<std::unique_ptr<http::Transport>> {
           origins_.push_back(origin);
           return std::make_unique<Borrowed>(server_);
         },
         .clock = clock_});
    ASSERT_THAT(made, is_ok());
    authenticator_ = std::move(*made);
  }
  void SetUp() override {
    make({.client_id = "operator",
          .client_secret = std::make_shared<const Secret>("hunter2"),
          .token_url = "http://login.test:8080/oauth2/token"});
  }
  std::string header() {
    const auto authorization = authenticator_->authorize({});
    if (!authorization) return "error: " + authorization.error().message;
    last_ = *authorization;
    return std::string(last_.header->reveal());
  }

  test::FakeClock clock_;
  test::ScriptedTransport server_;
  test::ScriptedTransport issuer_;
  Discovery discovery_{issuer_, "http://id.test", ""};
  std::vector<std::string> origins_;
  Authorization last_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(ClientCredentialsTest, AsksOnceAsRfc6749Says) {
  server_.expect(Method::post, kPath, 200, token(1));
  EXPECT_EQ(header(), "Bearer token-1");
  EXPECT_EQ(header(), "Bearer token-1") << "kept";
  EXPECT_THAT(origins_, ElementsAre("http://login.test:8080"));
  const http::Request request = server_.requests().at(0);
  EXPECT_EQ(http::find_header(request.headers, "Authorization"), "Basic b3BlcmF0b3I6aHVudGVyMg==");
  EXPECT_EQ(request.body, "grant_type=client_credentials");
}

TEST_F(ClientCredentialsTest, AsksForScopesAtTheDiscoveredEndpoint) {
  make({.client_id = "operator",
        .client_secret = std::make_shared<const Secret>("hunter2"),
        .scopes = {"clients.admin", "a+b"}});
  issuer_.expect(Method::get, "/.well-known/oauth-authorization-server", 200,
                 R"({"issuer":"http://id.test","token_endpoint":"http://id.test/token"})");
  server_.expect(Method::post, "/token", 200, token(1));
  EXPECT_EQ(header(), "Bearer token-1");
  EXPECT_EQ(server_.requests().at(0).body, "grant_type=client_credentials&scope=clients.admin+a%2Bb");
}

struct RenewalRow {
  std::string name;
  std::string more;
  std::chrono::seconds kept_at;
  std::chrono::seconds renewed_at;
};
class Renewal : public ClientCredentialsTest, public ::testing::WithParamInterface<RenewalRow> {};

TEST_P(Renewal, ComesBeforeTheEnd) {
  server_.expect(Method::post, kPath, 200, token(1, GetParam().more));
  ASSERT_EQ(header(), "Bearer token-1");
  clock_.advance(GetParam().kept_at);
  EXPECT_EQ(header(), "Bearer token-1");
  clock_.advance(GetParam().renewed_at - GetParam().kept_at);
  server_.expect(Method::post, kPath, 200, token(2));
  EXPECT_EQ(header(), "Bearer token-2");
}

INSTANTIATE_TEST_SUITE_P(Rows, Renewal,
                         ::testing::Values(RenewalRow{"TenMinutes", R"(,"expires_in":600)", 539s, 540s},
                                           RenewalRow{"AnHour", R"(,"expires_in":3600)", 3539s, 3540s},
                                           RenewalRow{"TenSeconds", R"(,"expires_in":10)", 8s, 9s},
                                           RenewalRow{"AYearIsNotBelieved", R"(,"expires_in":31536000)",
                                                      86'339s, 86'340s}),
                         test::RowName());

TEST_F(ClientCredentialsTest, WithoutALifeItIsKeptUntilItIsRefused) {
  server_.expect(Method::post, kPath, 200, token(1, ""));
  ASSERT_EQ(header(), "Bearer token-1");
  clock_.advance(100h);
  ASSERT_EQ(header(), "Bearer token-1");
  server_.expect(Method::post, kPath, 200, token(2));
  EXPECT_TRUE(authenticator_->refused(last_));
  EXPECT_EQ(header(), "Bearer token-2");
}

TEST_F(ClientCredentialsTest, TheRefusalOfAnOldTokenDoesNotCostTheFreshOne) {
  server_.expect(Method::post, kPath, 200, token(1)).expect(Method::post, kPath, 200, token(2));
  ASSERT_EQ(header(), "Bearer token-1");
  const Authorization old = last_;
  EXPECT_TRUE(authenticator_->refused(old));
  ASSERT_EQ(header(), "Bearer token-2");
  EXPECT_TRUE(authenticator_->refused(old));
  EXPECT_EQ(header(), "Bearer token-2");
}

struct TokenTroubleRow {
  std::string name;
  int status_code;
  std::string body;
  ErrorKind kind;
};
class TokenTrouble : public ClientCredentialsTest, public ::testing::WithParamInterface<TokenTroubleRow> {};

TEST_P(TokenTrouble, IsTheRegistrysAndIsTriedAgain) {
  server_.expect(Method::post, kPath, GetParam().status_code, GetParam().body);
  const auto authorization = authenticator_->authorize({});
  ASSERT_THAT(authorization, has_error(GetParam().kind));
  EXPECT_THAT(authorization.error().message, HasSubstr("log in to the registry"));
  EXPECT_THAT(authorization.error().message, Not(HasSubstr("hunter2")));
  server_.expect(Method::post, kPath, 200, token(1));
  EXPECT_EQ(header(), "Bearer token-1");
}

INSTANTIATE_TEST_SUITE_P(
    Rows, TokenTrouble,
    ::testing::Values(
        TokenTroubleRow{"InvalidClient", 401, R"({"error":"invalid_client","x":"hunter2"})",
                        ErrorKind::unauthorized},
        TokenTroubleRow{"InvalidScope", 400, R"({"error":"invalid_scope"})", ErrorKind::unauthorized},
        TokenTroubleRow{"ServerError", 500, "", ErrorKind::unavailable},
        TokenTroubleRow{"Throttled", 429, "", ErrorKind::throttled},
        TokenTroubleRow{"Html", 200, "<html>", ErrorKind::protocol},
        TokenTroubleRow{"NoToken", 200, "{}", ErrorKind::protocol},
        TokenTroubleRow{"TokenOfTwoLines", 200, R"({"access_token":"a\nb"})", ErrorKind::protocol}),
    test::RowName());

TEST_F(ClientCredentialsTest, EmptyValuesAreRefused) {
  const auto made =
      make_client_credentials({.client_id = "operator", .client_secret = std::make_shared<const Secret>("")},
                              {.discovery = discovery_, .make_transport = {}, .clock = clock_});
  EXPECT_THAT(made, has_error(ErrorKind::invalid));
}

}  // namespace
}  // namespace apiclient::backend
