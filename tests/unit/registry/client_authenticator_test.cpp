#include "registry/client_authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/log_capture.h"
#include "unit/registry/public_world.h"

namespace apiclient::registry::test {
namespace {

using namespace std::chrono_literals;

const std::string kRight(43, 'x');
const std::string kWrong(43, 'w');

std::string basic(const std::string& id, const std::string& secret) {
  return "Basic " + base64_encode(id + ":" + secret);
}

struct AuthenticatorWorld : PublicWorld {
  AuthenticatorWorld()
      : PublicWorld({.per_client = {.burst = 3, .refill = 10s}, .per_address = {.burst = 6, .refill = 2s}}) {
    create("a", "op-a", 1, 'x');
    create("b", "op-b", 1, 'x');
  }

  /// "200", or status and error's word.
  std::string attempt(const std::string& authorization, const std::string& address = "192.0.2.1") {
    http::ServerRequest request{.method = http::Method::post, .remote_address = address};
    if (!authorization.empty()) request.headers.emplace("Authorization", authorization);
    const auto outcome = authenticator.authenticate(request, {});
    if (std::holds_alternative<ClientMetadata>(outcome)) return "200";
    const auto& refusal = std::get<OAuthRefusal>(outcome);
    retry_after = refusal.retry_after;
    return std::to_string(refusal.status_code) + " " + std::string(refusal.error.code);
  }
  void fail_often(const std::string& id, const std::string& address = "192.0.2.1") {
    for (int i = 0; i < 50; ++i) attempt(basic(id, kWrong), address);
  }
  std::chrono::seconds retry_after{0};
};

const std::string kUnauthorized = "401 invalid_client";
const std::string kTooMany = "429 temporarily_unavailable";

TEST(ClientAuthenticator, FailuresBeyondTheAllowanceAreAskedToWait) {
  AuthenticatorWorld world;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.attempt(basic("a", kWrong)), kUnauthorized);
  EXPECT_EQ(world.attempt(basic("a", kWrong)), kTooMany);
  EXPECT_EQ(world.retry_after, 10s);
  EXPECT_EQ(world.attempt(basic("b", kWrong)), kUnauthorized);
  EXPECT_EQ(world.attempt(basic("a", kWrong), "192.0.2.2"), kUnauthorized);
  world.clock.advance(10s);
  EXPECT_EQ(world.attempt(basic("a", kWrong)), kUnauthorized);
}

TEST(ClientAuthenticator, RightSecretPassesThroughEveryThrottle) {
  AuthenticatorWorld world;
  world.fail_often("a");
  world.fail_often("nobody");
  world.fail_often("b");
  ASSERT_EQ(world.attempt(basic("a", kWrong)), kTooMany);
  ASSERT_EQ(world.attempt(basic("b", kWrong)), kTooMany);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(world.attempt(basic("a", kRight)), "200");
    EXPECT_EQ(world.attempt(basic("b", kRight)), "200");
  }
}

TEST(ClientAuthenticator, RightSecretDoesNotRestoreTheAllowance) {
  AuthenticatorWorld world;
  world.fail_often("a");
  EXPECT_EQ(world.attempt(basic("a", kRight)), "200");
  EXPECT_EQ(world.attempt(basic("a", kWrong)), kTooMany);
}

TEST(ClientAuthenticator, UnknownAndDisabledClientsAreThrottledAlike) {
  AuthenticatorWorld world;
  ASSERT_EQ(world.disable("b"), "done");
  for (const auto& authorization : {basic("nobody", kRight), basic("b", kRight)}) {
    const std::string address = "address of " + authorization;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(world.attempt(authorization, address), kUnauthorized);
    EXPECT_EQ(world.attempt(authorization, address), kTooMany);
    EXPECT_EQ(world.retry_after, 10s);
  }
}

TEST(ClientAuthenticator, AddressIsThrottledAcrossItsClients) {
  AuthenticatorWorld world;
  for (const auto* id : {"c", "d"})
    for (int i = 0; i < 3; ++i) EXPECT_EQ(world.attempt(basic(id, kWrong)), kUnauthorized);
  EXPECT_EQ(world.attempt(basic("e", kWrong)), kTooMany);
  EXPECT_EQ(world.retry_after, 2s);
  EXPECT_EQ(world.attempt(basic("a", kRight)), "200");
  EXPECT_EQ(world.attempt(basic("e", kWrong), "192.0.2.2"), kUnauthorized);
}

TEST(ClientAuthenticator, RequestsWithoutCredentialsAreNotAttempts) {
  AuthenticatorWorld world;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(world.attempt(""), kUnauthorized);
    EXPECT_EQ(world.attempt("Basic !!!"), kUnauthorized);
  }
  EXPECT_EQ(world.attempt(basic("a", kWrong)), kUnauthorized);
}

}  // namespace
}  // namespace apiclient::registry::test
