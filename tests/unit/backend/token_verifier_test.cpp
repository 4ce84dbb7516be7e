#include "backend/token_verifier.h"

#include <gtest/gtest.h>

#include <stop_token>

#include "support/matchers.h"
#include "support/scripted_transport.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend {
namespace {

using http::Method;
using std::chrono::milliseconds;
using test::a_machine_client;
using test::kValue;
using test::ScriptedTransport;

const std::string kMetadataPath = "/.well-known/oauth-authorization-server";
const std::string kAccepted = R"({"access_token":"x"})";
const std::string kRejected = R"({"error":"invalid_client"})";

/// The verifier owns its transports; the test keeps this one.
class Borrowed final : public http::Transport {
 public:
  explicit Borrowed(http::Transport& transport) : transport_(transport) {}
  Result<http::Response> send(const http::Request& request, std::stop_token stop) override {
    return transport_.send(request, std::move(stop));
  }
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override {
    return transport_.stream(request, on_chunk, std::move(stop));
  }

 private:
  http::Transport& transport_;
};

class TokenVerifierTest : public testing::Test {
 protected:
  std::unique_ptr<CredentialVerifier> verifier(TokenVerifierOptions options = quick()) {
    return make_token_verifier(
        std::move(options), discovery_,
        [this](const std::string& origin) -> Result<std::unique_ptr<http::Transport>> {
          origins_.push_back(origin);
          return std::unique_ptr<http::Transport>(std::make_unique<Borrowed>(endpoint_));
        },
        metrics_);
  }
  static TokenVerifierOptions quick() {
    return {.registry = "default", .pauses = {milliseconds(1), milliseconds(1)}};
  }
  void answer_metadata(const std::string& token_endpoint) {
    issuer_.expect(Method::get, kMetadataPath, 200,
                   R"({"issuer":"http://id.example","token_endpoint":")" + token_endpoint + "\"}");
  }

  ScriptedTransport issuer_;
  ScriptedTransport endpoint_;
  Discovery discovery_{issuer_, "http://id.example", ""};
  telemetry::Metrics metrics_;
  std::vector<std::string> origins_;
  const Secret value_{kValue};
};

TEST_F(TokenVerifierTest, AcceptedAtOnceIsOneCallToTheDiscoveredEndpoint) {
  answer_metadata("http://tokens.example:81/oauth2/token");
  endpoint_.expect(Method::post, "/oauth2/token", 200, kAccepted);
  EXPECT_EQ(verifier()->verify(a_machine_client(), value_, {}), Verdict::accepted);
  ASSERT_EQ(endpoint_.requests().size(), 1U);
  EXPECT_EQ(endpoint_.requests().front().timeout, milliseconds(4'000));
  EXPECT_EQ(origins_, std::vector<std::string>{"http://tokens.example:81"});
  EXPECT_NE(metrics_.text().find(R"(operation="verify",registry="default",result="accepted")"),
            std::string::npos);
}

TEST_F(TokenVerifierTest, DiscoversAndConnectsOnce) {
  answer_metadata("http://tokens.example/t");
  const auto shared = verifier();
  for (int i = 0; i < 3; ++i) {
    endpoint_.expect(Method::post, "/t", 200, kAccepted);
    EXPECT_EQ(shared->verify(a_machine_client(), value_, {}), Verdict::accepted);
  }
  EXPECT_EQ(origins_.size(), 1U);
}

TEST_F(TokenVerifierTest, FollowsAnEndpointThatMoved) {
  answer_metadata("http://one.example/t");
  endpoint_.expect(Method::post, "/t", 200, kAccepted);
  const auto shared = verifier();
  EXPECT_EQ(shared->verify(a_machine_client(), value_, {}), Verdict::accepted);
  answer_metadata("http://two.example/t");
  ASSERT_TRUE(discovery_.fetch({}).has_value());
  endpoint_.expect(Method::post, "/t", 200, kAccepted);
  EXPECT_EQ(shared->verify(a_machine_client(), value_, {}), Verdict::accepted);
  EXPECT_EQ(origins_, (std::vector<std::string>{"http://one.example:80", "http://two.example:80"}));
}

TEST_F(TokenVerifierTest, RejectedOnlyAfterThreeTries) {
  answer_metadata("http://id.example/t");
  for (int i = 0; i < 3; ++i) endpoint_.expect(Method::post, "/t", 401, kRejected);
  EXPECT_EQ(verifier()->verify(a_machine_client(), value_, {}), Verdict::rejected);
}

TEST_F(TokenVerifierTest, AcceptedAtTheThirdTryIsAccepted) {
  answer_metadata("http://id.example/t");
  endpoint_.expect(Method::post, "/t", 401, kRejected);
  endpoint_.expect(Method::post, "/t", 401, kRejected);
  endpoint_.expect(Method::post, "/t", 200, kAccepted);
  EXPECT_EQ(verifier()->verify(a_machine_client(), value_, {}), Verdict::accepted);
}

TEST_F(TokenVerifierTest, SilenceAfterARejectionIsUnknown) {
  answer_metadata("http://id.example/t");
  endpoint_.expect(Method::post, "/t", 401, kRejected);
  endpoint_.expect(Method::post, "/t", Error{.kind = ErrorKind::timeout, .message = "no answer"});
  EXPECT_EQ(verifier()->verify(a_machine_client(), value_, {}), Verdict::unknown);
}

TEST_F(TokenVerifierTest, TriesOutsideTheWindowDoNotCount) {
  answer_metadata("http://id.example/t");
  endpoint_.expect(Method::post, "/t", 401, kRejected);
  auto options = quick();
  options.window = milliseconds(0);
  EXPECT_EQ(verifier(options)->verify(a_machine_client(), value_, {}), Verdict::unknown);
}

TEST_F(TokenVerifierTest, DefaultPausesFitIntoTheWindow) {
  const TokenVerifierOptions options;
  EXPECT_LT(options.pauses[0] + options.pauses[1], options.window);
  EXPECT_LE(options.timeout, milliseconds(4'000));
}

TEST_F(TokenVerifierTest, StopEndsThePauseAtOnce) {
  answer_metadata("http://id.example/t");
  std::stop_source stop;
  endpoint_.expect(Method::post, "/t", [&stop](const http::Request& /*request*/) -> Result<http::Response> {
    stop.request_stop();
    return http::Response{.status_code = 401, .body = kRejected};
  });
  auto options = quick();
  options.pauses = {std::chrono::minutes(10), std::chrono::minutes(10)};
  options.window = std::chrono::hours(1);
  EXPECT_EQ(verifier(options)->verify(a_machine_client(), value_, stop.get_token()), Verdict::unknown);
}

TEST_F(TokenVerifierTest, IssuerThatDoesNotAnswerLeavesTheVerdictOpen) {
  issuer_.expect(Method::get, kMetadataPath, 503);
  const auto shared = verifier();
  EXPECT_EQ(shared->verify(a_machine_client(), value_, {}), Verdict::unknown);
  answer_metadata("http://id.example/t");
  endpoint_.expect(Method::post, "/t", 200, kAccepted);
  EXPECT_EQ(shared->verify(a_machine_client(), value_, {}), Verdict::accepted);
}

TEST_F(TokenVerifierTest, ClientWithoutSecretIsNeverAskedAbout) {
  answer_metadata("http://id.example/t");
  ClientSettings settings = a_machine_client();
  settings.token_endpoint_auth_method = "private_key_jwt";
  EXPECT_EQ(verifier()->verify(settings, value_, {}), Verdict::unknown);
}

}  // namespace
}  // namespace apiclient::backend
