#include "reconciler/state_loss.h"

#include <gmock/gmock.h>

#include <optional>

#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const WallTime kNow{std::chrono::seconds(1767323045)};

struct LossRow {
  std::string name;
  StateLossCount count;
  bool lost;
};
class StateLoss : public ::testing::TestWithParam<LossRow> {};

TEST_P(StateLoss, NeedsMoreThanAFew) { EXPECT_EQ(is_state_lost(GetParam().count), GetParam().lost); }

INSTANTIATE_TEST_SUITE_P(
    Rows, StateLoss,
    ::testing::Values(LossRow{"NoneOfNone", {0, 0}, false}, LossRow{"TheOnlyOne", {1, 1}, false},
                      LossRow{"BothOfTwo", {2, 2}, true}, LossRow{"OneOfTwo", {2, 1}, false},
                      LossRow{"AllOfFive", {5, 5}, true}, LossRow{"FiveOfSix", {6, 5}, false},
                      LossRow{"SixOfSeven", {7, 6}, true}, LossRow{"FiveOfHundred", {100, 5}, false},
                      LossRow{"SixOfHundred", {100, 6}, true}, LossRow{"FiftyOfThousand", {1000, 50}, false},
                      LossRow{"FiftyOneOfThousand", {1000, 51}, true},
                      LossRow{"AllOfThousand", {1000, 1000}, true}),
    test::RowName());

TEST(CountMissing, LooksForEachOfOurs) {
  EXPECT_EQ(count_missing({"a", "b", "c"}, {"b", "x", "y"}), (StateLossCount{.ours = 3, .missing = 2}));
  EXPECT_EQ(count_missing({}, {"x"}), (StateLossCount{}));
}

struct AcceptRow {
  std::string name;
  api::AcceptedStateLoss known;
  std::string annotation;
  std::string token;
  std::optional<WallTime> time;
};
class AcceptStateLoss : public ::testing::TestWithParam<AcceptRow> {};

TEST_P(AcceptStateLoss, ATokenActsOnce) {
  const auto accepted = accept(GetParam().known, GetParam().annotation, kNow);
  EXPECT_EQ(accepted.token, GetParam().token);
  EXPECT_EQ(accepted.time, GetParam().time);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, AcceptStateLoss,
    ::testing::Values(AcceptRow{"None", {}, "", "", {}}, AcceptRow{"First", {}, "yes", "yes", kNow},
                      AcceptRow{"SameAgain", {.token = "yes", .time = kNow - 1h}, "yes", "yes", kNow - 1h},
                      AcceptRow{"Another", {.token = "yes", .time = kNow - 1h}, "again", "again", kNow},
                      AcceptRow{"TakenAway", {.token = "yes", .time = kNow - 1h}, "", "yes", kNow - 1h}),
    test::RowName());

TEST(AcceptStateLoss, ANewTokenOpensAnAcceptanceThatWasUsedUp) {
  const api::AcceptedStateLoss used{.token = "one", .time = kNow - 2h, .restored_time = kNow - 1h};
  EXPECT_FALSE(used.is_open());
  EXPECT_FALSE(accept(used, "one", kNow).is_open());
  EXPECT_TRUE(accept(used, "two", kNow).is_open());
}

struct CoverRow {
  std::string name;
  api::AcceptedStateLoss accepted;
  WallTime issued;
  bool covered;
};
class Covers : public ::testing::TestWithParam<CoverRow> {};

TEST_P(Covers, WhatWasIssuedBefore) {
  EXPECT_EQ(covers(GetParam().accepted, GetParam().issued), GetParam().covered);
}

INSTANTIATE_TEST_SUITE_P(Rows, Covers,
                         ::testing::Values(CoverRow{"Nothing", {}, kNow, false},
                                           CoverRow{"Before", {.token = "t", .time = kNow}, kNow - 1s, true},
                                           CoverRow{"AtThatTime", {.token = "t", .time = kNow}, kNow, true},
                                           CoverRow{"After", {.token = "t", .time = kNow}, kNow + 1s, false},
                                           CoverRow{"UsedUp",
                                                    {.token = "t", .time = kNow, .restored_time = kNow + 1h},
                                                    kNow - 1s,
                                                    false}),
                         test::RowName());

TEST(IssuedAt, IsThatOfTheSecretElseOfTheObject) {
  api::ApiClient client = test::an_api_client().issued().object();
  client.meta.creation_timestamp = kNow - 10h;
  EXPECT_EQ(issued_at(client), kNow - 10h);
  client.status.credential->issued_at = kNow;
  EXPECT_EQ(issued_at(client), kNow);
}

TEST(StateLossMessage, NamesNumbersAndTheWayOut) {
  const std::string message = state_loss_message({.ours = 20, .missing = 19});
  EXPECT_THAT(message, HasSubstr("19 of 20"));
  EXPECT_THAT(message, HasSubstr("apiclient.dev/accept-state-loss"));
}

}  // namespace
}  // namespace apiclient::reconciler
