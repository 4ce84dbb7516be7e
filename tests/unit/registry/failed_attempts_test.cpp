#include "registry/failed_attempts.h"

#include <gtest/gtest.h>

#include <vector>

#include "unit/registry/row_name.h"

namespace apiclient::registry {
namespace {

using namespace std::chrono_literals;

constexpr FailedAttemptLimits kLimits{.per_client = {.burst = 3, .refill = 10s},
                                      .per_address = {.burst = 5, .refill = 2s},
                                      .max_remembered = 100};

/// One failure; `wait` is the expected Retry-After in seconds, 0 for "answer as usual".
struct Failure {
  std::chrono::milliseconds at;
  std::string client;
  std::string address;
  int wait;
};

struct Row {
  std::string name;
  std::vector<Failure> failures;
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

class FailedAttemptsRow : public ::testing::TestWithParam<Row> {};

TEST_P(FailedAttemptsRow, AnswersEachInTurn) {
  FailedAttempts attempts(kLimits);
  int number = 0;
  for (const auto& failure : GetParam().failures) {
    const auto wait = attempts.note(failure.client, failure.address, BootTime(1h + failure.at));
    EXPECT_EQ(wait.value_or(0s).count(), failure.wait) << "failure " << ++number;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FailedAttemptsRow,
    ::testing::Values(
        Row{"WithinTheBurst", {{0s, "a", "1", 0}, {0s, "a", "1", 0}, {0s, "a", "1", 0}}},
        Row{"BeyondTheBurst",
            {{0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {0s, "a", "1", 10},
             {4500ms, "a", "1", 6}}},
        Row{"WaitingIsNotPunished",
            {{0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {1s, "a", "1", 9},
             {2s, "a", "1", 8},
             {10s, "a", "1", 0},
             {10s, "a", "1", 10}}},
        Row{"WholeBurstComesBack",
            {{0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {30s, "a", "1", 0},
             {30s, "a", "1", 0},
             {30s, "a", "1", 0},
             {30s, "a", "1", 10}}},
        Row{"BurstDoesNotGrow",
            {{0s, "a", "1", 0}, {1h, "a", "1", 0}, {1h, "a", "1", 0}, {1h, "a", "1", 0}, {1h, "a", "1", 10}}},
        Row{"OtherClientAndOtherAddressAreNotConcerned",
            {{0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {0s, "a", "1", 10},
             {0s, "b", "1", 0},
             {0s, "a", "2", 0}}},
        Row{"ManyClientsOfOneAddress",
            {{0s, "a", "1", 0},
             {0s, "b", "1", 0},
             {0s, "c", "1", 0},
             {0s, "d", "1", 0},
             {0s, "e", "1", 0},
             {0s, "f", "1", 2},
             {0s, "f", "2", 0}}},
        Row{"ThrottledClientDoesNotUseUpItsAddress",
            {{0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {0s, "a", "1", 0},
             {0s, "a", "1", 10},
             {0s, "a", "1", 10},
             {0s, "a", "1", 10},
             {0s, "b", "1", 0},
             {0s, "b", "1", 0},
             {0s, "b", "1", 2}}},
        Row{"ImpossibleIdsAreOneClient",
            {{0s, "/x", "1", 0},
             {0s, "/y", "1", 0},
             {0s, "", "1", 0},
             {0s, std::string(9999, 'a'), "1", 10}}},
        Row{"OneNetworkOfIpv6",
            {{0s, "a", "2001:db8::1", 0},
             {0s, "a", "2001:db8::2", 0},
             {0s, "a", "2001:db8:0:0:f::", 0},
             {0s, "a", "2001:db8::3", 10},
             {0s, "a", "2001:db8:0:1::1", 0}}},
        Row{"MappedAddressIsTheOldOne",
            {{0s, "a", "192.0.2.1", 0},
             {0s, "a", "::ffff:192.0.2.1", 0},
             {0s, "a", "192.0.2.1", 0},
             {0s, "a", "::ffff:192.0.2.1", 10},
             {0s, "a", "::ffff:192.0.2.2", 0}}}),
    test::RowName());

TEST(FailedAttempts, MemoryIsBounded) {
  FailedAttempts attempts(kLimits);
  for (int i = 0; i < 100'000; ++i) {
    attempts.note("client-" + std::to_string(i), "192.0.2." + std::to_string(i % 500), BootTime(1h));
    ASSERT_LE(attempts.remembered(), 4 * kLimits.max_remembered);
  }
}

TEST(FailedAttempts, RecentOffenderIsRememberedAmongMany) {
  FailedAttempts attempts(kLimits);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(attempts.note("a", "bad", BootTime(1h)));
  for (int i = 0; i < 1'000; ++i) {
    attempts.note("client-" + std::to_string(i), "address-" + std::to_string(i), BootTime(1h));
    ASSERT_TRUE(attempts.note("a", "bad", BootTime(1h))) << i;
  }
}

}  // namespace
}  // namespace apiclient::registry
