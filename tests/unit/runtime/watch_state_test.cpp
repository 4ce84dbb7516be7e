#include "runtime/watch_state.h"

#include <gtest/gtest.h>

#include <ostream>

namespace apiclient::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

std::string text(const WatchState& state) {
  if (const auto* listing = std::get_if<NeedsList>(&state))
    return "list \"" + listing->resource_version + "\"";
  return "watch \"" + std::get<Watching>(state).resource_version + "\"";
}

Error error(ErrorKind kind, int status_code = 0) {
  return {.kind = kind, .message = "no", .retry_after = {}, .status_code = status_code, .code = {}};
}

struct Row {
  std::string name;
  WatchState state;
  WatchOutcome outcome;
  int fruitless;
  std::string next;
  bool back_off;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class AdvanceTest : public testing::TestWithParam<Row> {};

TEST_P(AdvanceTest, GivesTheNextState) {
  const Row& row = GetParam();
  const Advance next = advance(row.state, row.outcome, row.fruitless);
  EXPECT_EQ(text(next.state), row.next);
  EXPECT_EQ(next.back_off, row.back_off);
}

INSTANTIATE_TEST_SUITE_P(
    Lists, AdvanceTest,
    testing::Values(Row{"Finished", NeedsList{}, ListFinished{"12"}, 0, "watch \"12\"", false},
                    Row{"FirstFailed", NeedsList{}, ListFailed{error(ErrorKind::unavailable, 503), ""}, 0,
                        "list \"0\"", true},
                    Row{"FirstRefused", NeedsList{}, ListFailed{error(ErrorKind::unavailable), ""}, 0,
                        "list \"0\"", true},
                    Row{"FirstForbidden", NeedsList{}, ListFailed{error(ErrorKind::forbidden, 403), ""}, 0,
                        "list \"0\"", true},
                    Row{"RelistFailed", NeedsList{"9"}, ListFailed{error(ErrorKind::unavailable, 500), "9"},
                        0, "list \"9\"", true},
                    Row{"RelistThrottled", NeedsList{"9"}, ListFailed{error(ErrorKind::throttled, 429), "9"},
                        0, "list \"9\"", true},
                    Row{"RelistVersionGone", NeedsList{"9"}, ListFailed{error(ErrorKind::expired, 410), "9"},
                        0, "list \"\"", false},
                    Row{"RelistVersionTooNew", NeedsList{"9"},
                        ListFailed{error(ErrorKind::expired, 504), "9"}, 0, "list \"\"", false},
                    Row{"NewestGoneToo", NeedsList{""}, ListFailed{error(ErrorKind::expired, 410), "9"}, 0,
                        "list \"\"", true},
                    Row{"NewestFailedStaysNewest", NeedsList{""},
                        ListFailed{error(ErrorKind::unavailable, 500), "9"}, 0, "list \"\"", true}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Watches, AdvanceTest,
    testing::Values(
        Row{"EndedAfterEvents", Watching{"9"}, WatchEnded{"15", 6, milliseconds(400)}, 0, "watch \"15\"",
            false},
        Row{"EndedAfterAQuietTime", Watching{"9"}, WatchEnded{"9", 0, minutes(6)}, 0, "watch \"9\"", false},
        Row{"EndedAtOnce", Watching{"9"}, WatchEnded{"9", 0, milliseconds(20)}, 1, "watch \"9\"", true},
        Row{"EndedAtOnceTwice", Watching{"9"}, WatchEnded{"9", 0, milliseconds(20)}, 2, "list \"\"", true},
        Row{"VersionGone", Watching{"9"}, WatchFailed{error(ErrorKind::expired, 410), "11"}, 1, "list \"11\"",
            true},
        Row{"VersionGoneAgainAfterTheList", Watching{"9"}, WatchFailed{error(ErrorKind::expired, 410), "9"},
            2, "list \"\"", true},
        Row{"Throttled", Watching{"9"}, WatchFailed{error(ErrorKind::throttled, 429), "9"}, 0, "watch \"9\"",
            true},
        Row{"ConnectionRefused", Watching{"9"}, WatchFailed{error(ErrorKind::unavailable), "9"}, 0,
            "watch \"9\"", true},
        Row{"StreamCut", Watching{"9"}, WatchFailed{error(ErrorKind::unavailable), "14"}, 0, "watch \"14\"",
            true},
        Row{"Silent", Watching{"9"}, WatchFailed{error(ErrorKind::timeout), "14"}, 0, "watch \"14\"", true},
        Row{"ServerError", Watching{"9"}, WatchFailed{error(ErrorKind::unavailable, 500), "9"}, 0,
            "list \"9\"", true},
        Row{"GatewayTimeout", Watching{"9"}, WatchFailed{error(ErrorKind::timeout, 504), "9"}, 0,
            "list \"9\"", true},
        Row{"Unauthorized", Watching{"9"}, WatchFailed{error(ErrorKind::unauthorized, 401), "9"}, 0,
            "list \"9\"", true},
        Row{"Unreadable", Watching{"9"}, WatchFailed{error(ErrorKind::protocol), "13"}, 0, "list \"13\"",
            true},
        Row{"SinkFailed", Watching{"9"}, WatchFailed{error(ErrorKind::internal), "13"}, 0, "list \"13\"",
            true}),
    [](const auto& row) { return row.param.name; });

struct FruitlessRow {
  std::string name;
  WatchOutcome outcome;
  int after_three;  ///< the count when it was three
};
void PrintTo(const FruitlessRow& row, std::ostream* out) { *out << row.name; }

class CountFruitlessTest : public testing::TestWithParam<FruitlessRow> {};

TEST_P(CountFruitlessTest, CountsWatchesThatBroughtNothing) {
  EXPECT_EQ(count_fruitless(3, GetParam().outcome), GetParam().after_three);
}

INSTANTIATE_TEST_SUITE_P(
    Outcomes, CountFruitlessTest,
    testing::Values(FruitlessRow{"EndedAtOnce", WatchEnded{"9", 0, milliseconds(999)}, 4},
                    FruitlessRow{"EndedAfterASecond", WatchEnded{"9", 0, milliseconds(1'000)}, 0},
                    FruitlessRow{"EndedAfterAnEvent", WatchEnded{"9", 1, milliseconds(5)}, 0},
                    FruitlessRow{"VersionGone", WatchFailed{error(ErrorKind::expired, 410), "9"}, 4},
                    FruitlessRow{"Failed", WatchFailed{error(ErrorKind::unavailable), "9"}, 0},
                    FruitlessRow{"Listed", ListFinished{"9"}, 3},
                    FruitlessRow{"ListFailed", ListFailed{error(ErrorKind::unavailable), "9"}, 3}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace apiclient::runtime
