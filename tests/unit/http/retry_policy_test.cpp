#include "http/retry_policy.h"

#include <gmock/gmock.h>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Response;
using http::RetryPolicy;

constexpr RetryPolicy kPolicy{
    .max_attempts = 3, .backoff = {.initial = 100ms, .cap = 1000ms, .jitter = 0.5}, .longest_pause = 5'000ms};

struct RetryCase {
  std::string name;
  Method method;
  Result<Response> outcome;
  std::optional<std::chrono::milliseconds> delay;
  int attempt = 1;
};
void PrintTo(const RetryCase& row, std::ostream* out) { *out << row.name; }

Response status(int code, std::string retry_after = {}) {
  Response response{.status_code = code};
  if (!retry_after.empty()) response.headers["Retry-After"] = retry_after;
  return response;
}

Failure circuit_open() {
  return fail(Error{.kind = ErrorKind::unavailable, .message = "refused", .code = "circuit_open"});
}

class RetryPolicyTest : public ::testing::TestWithParam<RetryCase> {};

TEST_P(RetryPolicyTest, DecidesByMethodAndOutcome) {
  const auto& row = GetParam();
  EXPECT_EQ(next_delay(kPolicy, row.method, row.attempt, row.outcome, 0.0), row.delay);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RetryPolicyTest,
    ::testing::Values(RetryCase{"Success", Method::get, status(200), {}},
                      RetryCase{"NotFound", Method::get, status(404), {}},
                      RetryCase{"SuccessWithRetryAfter", Method::get, status(202, "1"), {}},
                      RetryCase{"ThrottledGet", Method::get, status(429, "1"), 1000ms},
                      RetryCase{"ThrottledPostBecauseNothingWasDone", Method::post, status(429, "1"), 1000ms},
                      RetryCase{"ThrottledDelete", Method::del, status(429, "2"), 2000ms},
                      RetryCase{"ThrottledForZeroSecondsStillPauses", Method::post, status(429, "0"), 100ms},
                      RetryCase{"ThrottledWithoutRetryAfter", Method::get, status(429), {}},
                      RetryCase{"ThrottledForLong", Method::get, status(429, "6"), {}},
                      RetryCase{"ThrottledForTheLongestPause", Method::get, status(429, "5"), 5000ms},
                      RetryCase{"UnavailableGetWithRetryAfter", Method::get, status(503, "1"), 1000ms},
                      RetryCase{"UnavailableGetWithout", Method::get, status(503), {}},
                      RetryCase{"UnavailablePostMayHaveBeenDone", Method::post, status(503, "1"), {}},
                      RetryCase{"UnavailablePatch", Method::patch, status(500, "1"), {}},
                      RetryCase{"GatewayTimeoutPut", Method::put, status(504, "1"), {}},
                      RetryCase{"BrokenGet", Method::get, fail(ErrorKind::unavailable, "reset"), 100ms},
                      RetryCase{"BrokenGetSecondTime", Method::get, fail(ErrorKind::unavailable, "reset"),
                                200ms, 2},
                      RetryCase{"BrokenPost", Method::post, fail(ErrorKind::unavailable, "reset"), {}},
                      RetryCase{"BrokenDelete", Method::del, fail(ErrorKind::unavailable, "reset"), {}},
                      RetryCase{"BrokenGetBelowAnOpenCircuit", Method::get, circuit_open(), {}},
                      RetryCase{"TimeoutGet", Method::get, fail(ErrorKind::timeout, "late"), {}},
                      RetryCase{"CancelledGet", Method::get, fail(ErrorKind::cancelled, "stop"), {}},
                      RetryCase{"UnreadableGet", Method::get, fail(ErrorKind::protocol, "html"), {}},
                      RetryCase{"LastAttempt", Method::get, fail(ErrorKind::unavailable, "reset"), {}, 3},
                      RetryCase{"ThrottledLastAttempt", Method::get, status(429, "1"), {}, 3}),
    RowName());

TEST(RetryPolicy, JitterMakesCallersDiffer) {
  const Result<Response> broken = fail(ErrorKind::unavailable, "reset");
  EXPECT_EQ(next_delay(kPolicy, Method::get, 1, broken, 0.5), 125ms);
}

}  // namespace
}  // namespace apiclient::test
