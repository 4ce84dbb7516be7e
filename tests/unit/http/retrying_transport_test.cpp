#include "http/retrying_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>

#include <thread>

#include "support/matchers.h"
#include "support/scripted_transport.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Request;
using http::Response;
using http::RetryingTransport;

constexpr http::RetryPolicy kQuick{.max_attempts = 3, .backoff = {.initial = 1ms, .cap = 2ms}};

Response throttled(const std::string& seconds) {
  return {.status_code = 429, .headers = {{"Retry-After", seconds}}};
}
Error broken() { return {ErrorKind::unavailable, "reset"}; }

TEST(RetryingTransport, AReadIsRepeatedUntilItSucceeds) {
  ScriptedTransport inner;
  inner.expect(Method::get, "/a", broken())
      .expect(Method::get, "/a", throttled("0"))
      .expect(Method::get, "/a", 200, "yes");
  const auto response = RetryingTransport(inner, kQuick).send({.path = "/a"}, {});
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->body, "yes");
}

TEST(RetryingTransport, AttemptsAreLimited) {
  ScriptedTransport inner;
  for (int i = 0; i < 3; ++i) inner.expect(Method::get, "/a", broken());
  EXPECT_THAT(RetryingTransport(inner, kQuick).send({.path = "/a"}, {}), has_error(ErrorKind::unavailable));
}

TEST(RetryingTransport, AWriteOfUnknownOutcomeIsNotRepeated) {
  ScriptedTransport inner;
  inner.expect(Method::post, "/a", broken());
  EXPECT_THAT(RetryingTransport(inner, kQuick).send({.method = Method::post, .path = "/a"}, {}),
              has_error(ErrorKind::unavailable));
}

TEST(RetryingTransport, AThrottledWriteIsRepeatedAsItWas) {
  ScriptedTransport inner;
  inner.expect(Method::post, "/a", throttled("0")).expect(Method::post, "/a", 201);
  const Request request{.method = Method::post, .path = "/a", .headers = {{"X", "y"}}, .body = "body"};
  EXPECT_THAT(RetryingTransport(inner, kQuick).send(request, {}), is_ok());
  const auto sent = inner.requests();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[1].body, "body");
  EXPECT_EQ(find_header(sent[1].headers, "X"), "y");
  EXPECT_LE(sent[1].timeout, request.timeout);
}

TEST(RetryingTransport, TheDeadlineHoldsForAllAttemptsTogether) {
  ScriptedTransport inner;
  inner.expect(Method::get, "/a", throttled("2"));
  const auto response = RetryingTransport(inner, {}).send({.path = "/a", .timeout = 500ms}, {});
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status_code, 429);
}

TEST(RetryingTransport, StopEndsThePause) {
  ScriptedTransport inner;
  inner.expect(Method::get, "/a", throttled("4"));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THAT(RetryingTransport(inner, {}).send({.path = "/a"}, stop.get_token()),
              has_error(ErrorKind::cancelled));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
}

TEST(RetryingTransport, StreamsAreNotRepeated) {
  ScriptedTransport inner;
  inner.expect_stream("/a", {"x"}, broken());
  int chunks = 0;
  EXPECT_THAT(RetryingTransport(inner, kQuick)
                  .stream({.path = "/a"},
                          [&](std::string_view) -> Result<void> {
                            ++chunks;
                            return {};
                          },
                          {}),
              has_error(ErrorKind::unavailable));
  EXPECT_EQ(chunks, 1);
}

// The double itself must notice what it is for.
TEST(ScriptedTransport, SurplusRequestsFailTheTest) {
  EXPECT_NONFATAL_FAILURE(
      {
        ScriptedTransport transport;
        static_cast<void>(transport.send({.path = "/surplus"}, {}));
      },
      "sent and not expected: GET /surplus");
}

TEST(ScriptedTransport, MissingRequestsFailTheTest) {
  EXPECT_NONFATAL_FAILURE(
      {
        ScriptedTransport transport;
        transport.expect(Method::post, "/missing", 200);
      },
      "expected and not sent: POST /missing");
}

TEST(ScriptedTransport, OtherRequestsFailTheTest) {
  EXPECT_NONFATAL_FAILURE(
      {
        ScriptedTransport transport;
        transport.expect(Method::get, "/expected", 200);
        static_cast<void>(transport.send({.path = "/other"}, {}));
      },
      "GET /other");
}

}  // namespace
}  // namespace apiclient::test
