#include "backend/circuit.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "support/matchers.h"

namespace apiclient::backend {
namespace {

using namespace std::chrono_literals;

const BootTime kStart{std::chrono::hours(1)};

Result<http::Response> status(int code, const std::string& retry_after = {}) {
  http::Response response{.status_code = code};
  if (!retry_after.empty()) response.headers["Retry-After"] = retry_after;
  return response;
}
Result<http::Response> broken() { return fail(ErrorKind::unavailable, "connection refused"); }
Result<http::Response> late() { return fail(ErrorKind::timeout, "no answer"); }

struct CircuitRow {
  std::string name;
  std::function<void(Circuit&)> history;
  bool client_passes;
  bool probe_passes;
  std::chrono::seconds later{0};
};

void repeat(Circuit& circuit, int times, const Result<http::Response>& outcome) {
  for (int i = 0; i < times; ++i) circuit.note(outcome, kStart);
}

class CircuitTable : public ::testing::TestWithParam<CircuitRow> {};

TEST_P(CircuitTable, LetsPass) {
  Circuit circuit;
  GetParam().history(circuit);
  const BootTime now = kStart + GetParam().later;
  EXPECT_EQ(!circuit.refusal(Caller::client, now), GetParam().client_passes);
  EXPECT_EQ(!circuit.refusal(Caller::probe, now), GetParam().probe_passes);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, CircuitTable,
    ::testing::Values(
        CircuitRow{"New", [](Circuit&) {}, true, true},
        CircuitRow{"TwoFailures", [](Circuit& one) { repeat(one, 2, broken()); }, true, true},
        CircuitRow{"ThreeFailures", [](Circuit& one) { repeat(one, 3, broken()); }, false, true},
        CircuitRow{"ThreeTimeouts", [](Circuit& one) { repeat(one, 3, late()); }, false, true},
        CircuitRow{"ThreeServerErrors", [](Circuit& one) { repeat(one, 3, status(500)); }, false, true},
        CircuitRow{"ThreeThrottled", [](Circuit& one) { repeat(one, 3, status(429)); }, false, true},
        CircuitRow{"ManyRefusalsOfRequests",
                   [](Circuit& one) {
                     for (const int code : {400, 401, 403, 404, 409, 412}) repeat(one, 3, status(code));
                   },
                   true, true},
        CircuitRow{"OneAnswerBetweenFailures",
                   [](Circuit& one) {
                     repeat(one, 2, broken());
                     repeat(one, 1, status(404));
                     repeat(one, 2, broken());
                   },
                   true, true},
        CircuitRow{"CancelledIsNoAnswer",
                   [](Circuit& one) {
                     repeat(one, 2, broken());
                     repeat(one, 1, fail(ErrorKind::cancelled, "stop"));
                     repeat(one, 1, broken());
                   },
                   false, true},
        CircuitRow{"OpenStaysOpenAfterALateAnswer",
                   [](Circuit& one) {
                     repeat(one, 3, broken());
                     repeat(one, 1, status(200));
                   },
                   false, true},
        CircuitRow{"OpenStaysOpenForHours", [](Circuit& one) { repeat(one, 3, broken()); }, false, true,
                   7200s},
        CircuitRow{"ProbeSucceeded",
                   [](Circuit& one) {
                     repeat(one, 3, broken());
                     one.probe_succeeded();
                     repeat(one, 2, broken());
                   },
                   true, true},
        CircuitRow{
            "ProbeFailed",
            [](Circuit& one) { one.probe_failed({.kind = ErrorKind::unauthorized, .message = "401"}); },
            false, true},
        CircuitRow{"ProbeInterrupted",
                   [](Circuit& one) { one.probe_failed({.kind = ErrorKind::cancelled, .message = "stop"}); },
                   true, true},
        CircuitRow{"AskedForAPause", [](Circuit& one) { repeat(one, 1, status(429, "30")); }, false, false,
                   29s},
        CircuitRow{"PauseIsOver", [](Circuit& one) { repeat(one, 5, status(429, "30")); }, true, true, 30s},
        CircuitRow{"UnavailableWithPause", [](Circuit& one) { repeat(one, 1, status(503, "30")); }, false,
                   false, 29s},
        CircuitRow{"TheLongerPauseCounts",
                   [](Circuit& one) {
                     repeat(one, 1, status(503, "30"));
                     repeat(one, 1, status(503, "10"));
                   },
                   false, false, 20s},
        CircuitRow{"ProbeRefusedByThePause",
                   [](Circuit& one) {
                     repeat(one, 1, status(429, "30"));
                     one.probe_failed(*one.refusal(Caller::probe, kStart));
                   },
                   true, true, 30s}),
    test::RowName());

TEST(Circuit, ARefusalHasTheReasonOfTheFailureAndItsOwnCode) {
  Circuit circuit;
  repeat(circuit, 3, status(502));
  const auto refusal = circuit.refusal(Caller::client, kStart);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->kind, ErrorKind::unavailable);
  EXPECT_EQ(refusal->status_code, 502);
  EXPECT_EQ(refusal->code, kCircuitOpen);
  EXPECT_FALSE(refusal->retry_after);
}

TEST(Circuit, APauseSaysWhenToComeBack) {
  Circuit circuit;
  circuit.note(status(429, "30"), kStart);
  const auto refusal = circuit.refusal(Caller::client, kStart + 10s);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->kind, ErrorKind::throttled);
  EXPECT_EQ(refusal->retry_after, 20s);
}

}  // namespace
}  // namespace apiclient::backend
