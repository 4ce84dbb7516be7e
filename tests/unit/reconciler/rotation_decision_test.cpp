#include "reconciler/rotation_decision.h"

#include <gmock/gmock.h>

#include "base/overloaded.h"
#include "base/rfc3339.h"
#include "support/matchers.h"
#include "unit/reconciler/observation_builder.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::kNow;

/// What the object remembers; everything else as in a healthy client at rest.
struct Past {
  std::string last_token = {};
  std::string last_reason = {};
  std::optional<WallTime> last_time = {};
  std::vector<std::string> handled = {};
  std::optional<WallTime> overlap_until = {};
  bool overlap_of_unknown_end = false;
  bool has_secret = true;
  bool first_issuance = false;
  bool gap_is_accepted = true;
};

struct DecisionRow {
  std::string name;
  std::string token;
  Past past;
  std::string expected;
};
class RotationDecisions : public ::testing::TestWithParam<DecisionRow> {};

std::string text_of(const RotationDecision& decision) {
  return std::visit(
      overloaded{[](const rotation::Rest&) -> std::string { return "rest"; },
                 [](const rotation::Remember&) -> std::string { return "remember"; },
                 [](const rotation::Rotate& rotate) {
                   return "rotate " + rotate.token.reason + (rotate.token.now ? " now" : "");
                 },
                 [](const rotation::Wait& wait) {
                   return "wait " + (wait.until ? format_rfc3339(*wait.until) : std::string("?"));
                 },
                 [](const rotation::EndOverlap& end) { return "end overlap " + end.token.reason; },
                 [](const rotation::Refuse& refuse) { return "refuse " + std::string(refuse.reason); }},
      decision);
}

TEST_P(RotationDecisions, AreMade) {
  const Past& past = GetParam().past;
  const api::RotationStatus status{
      .last_time = past.last_time, .last_reason = past.last_reason, .last_handled_token = past.last_token};
  const RotationQuestion question{.token = GetParam().token,
                                  .status = status,
                                  .handled = past.handled,
                                  .has_secret = past.has_secret,
                                  .first_issuance = past.first_issuance,
                                  .gap_is_accepted = past.gap_is_accepted,
                                  .overlap_active = past.overlap_until || past.overlap_of_unknown_end,
                                  .overlap_until = past.overlap_until};
  EXPECT_EQ(text_of(decide_rotation(question, kNow)), GetParam().expected);
}

/// r1 rotated an hour ago.
Past rotated(const std::string& token = "r1", const std::string& reason = "Requested") {
  return {.last_token = token, .last_reason = reason, .last_time = kNow - 1h, .handled = {"r1"}};
}
Past rotated_just_now() {
  Past past = rotated();
  past.last_time = kNow - 20s;
  return past;
}
Past in_overlap() {
  Past past = rotated();
  past.overlap_until = kNow + 10min;
  return past;
}

INSTANTIATE_TEST_SUITE_P(
    NewId, RotationDecisions,
    ::testing::Values(
        DecisionRow{"NoToken", "", rotated(), "rest"}, DecisionRow{"First", "r1", {}, "rotate Requested"},
        DecisionRow{"Next", "r2:Lost", rotated(), "rotate Lost"},
        DecisionRow{"Now", "r2:now", rotated(), "rotate Requested now"},
        DecisionRow{"Malformed", "a b", rotated(), "refuse Malformed"},
        DecisionRow{"NoSecret", "r1", {.has_secret = false}, "refuse ClientHasNoSecret"},
        DecisionRow{"FirstIssuance", "r1", {.first_issuance = true}, "remember"},
        DecisionRow{"FirstIssuanceCompromised", "r1:Compromised", {.first_issuance = true}, "remember"},
        DecisionRow{"MalformedAtFirstIssuance", ":", {.first_issuance = true}, "refuse Malformed"},
        DecisionRow{"AGapNobodyAccepts", "r1", {.gap_is_accepted = false}, "refuse NotSupportedByRegistry"},
        DecisionRow{"NowAcceptsTheGap", "r1:now", {.gap_is_accepted = false}, "rotate Requested now"}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    Waits, RotationDecisions,
    ::testing::Values(DecisionRow{"Throttled", "r2", rotated_just_now(), "wait 2026-01-02T03:04:45Z"},
                      DecisionRow{"NowIsNotThrottled", "r2:now", rotated_just_now(), "rotate Requested now"},
                      DecisionRow{"Overlap", "r2", in_overlap(), "wait 2026-01-02T03:14:05Z"},
                      DecisionRow{"OverlapOfUnknownEnd", "r2", {.overlap_of_unknown_end = true}, "wait ?"},
                      DecisionRow{"NowDuringOverlap", "r2:now", in_overlap(), "rotate Requested now"},
                      DecisionRow{"CompromisedDuringOverlap", "r2:Compromised", in_overlap(),
                                  "rotate Compromised now"},
                      DecisionRow{"ClockSetBack", "r2", {.last_time = kNow + 24h}, "rotate Requested"}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    KnownId, RotationDecisions,
    ::testing::Values(
        DecisionRow{"Same", "r1", rotated(), "rest"},
        DecisionRow{"Strengthened", "r1:now", rotated(), "end overlap Requested"},
        DecisionRow{"StrengthenedWithReason", "r1:Compromised", rotated("r1:now"), "end overlap Compromised"},
        DecisionRow{"Weakened", "r1", rotated("r1:now"), "refuse IdAlreadyUsed"},
        DecisionRow{"OtherReason", "r1:Lost", rotated(), "refuse IdAlreadyUsed"},
        DecisionRow{"Earlier",
                    "r0",
                    {.last_token = "r1", .last_reason = "Requested", .handled = {"r0", "r1"}},
                    "refuse IdAlreadyUsed"},
        DecisionRow{"EarlierCompromised",
                    "r0:Compromised",
                    {.last_token = "r1", .last_reason = "Requested", .handled = {"r0", "r1"}},
                    "refuse IdAlreadyUsed"},
        DecisionRow{"ConsumedAtFirstIssuance",
                    "r1:Compromised",
                    {.last_token = "r1", .handled = {"r1"}},
                    "refuse IdAlreadyUsed"},
        DecisionRow{"RepairedSince", "r1:now", rotated("r1", "Recovered"), "refuse IdAlreadyUsed"},
        DecisionRow{"StatusWasRestored", "r1", {.handled = {"r1"}}, "remember"}),
    test::RowName());

}  // namespace
}  // namespace apiclient::reconciler
