#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;

struct KindCase {
  std::string name;
  ErrorKind kind;
  Handling handling;
  bool outcome_unknown;
};
void PrintTo(const KindCase& row, std::ostream* out) { *out << row.name; }

const KindCase kKinds[] = {
    {"not_found", ErrorKind::not_found, Handling::retry, false},
    {"conflict", ErrorKind::conflict, Handling::retry, false},
    {"already_exists", ErrorKind::already_exists, Handling::retry, false},
    {"invalid", ErrorKind::invalid, Handling::give_up, false},
    {"unauthorized", ErrorKind::unauthorized, Handling::retry, false},
    {"forbidden", ErrorKind::forbidden, Handling::retry, false},
    {"throttled", ErrorKind::throttled, Handling::retry, false},
    {"unavailable", ErrorKind::unavailable, Handling::retry, true},
    {"timeout", ErrorKind::timeout, Handling::retry, true},
    {"cancelled", ErrorKind::cancelled, Handling::retry, false},
    {"expired", ErrorKind::expired, Handling::retry, false},
    {"protocol", ErrorKind::protocol, Handling::retry, true},
    {"internal", ErrorKind::internal, Handling::retry, true},
};

class ErrorKinds : public ::testing::TestWithParam<KindCase> {};

TEST_P(ErrorKinds, HaveANameAHandlingAndAnOutcome) {
  const auto& row = GetParam();
  Error error{.kind = row.kind, .message = "why"};
  EXPECT_EQ(to_string(row.kind), row.name);
  EXPECT_EQ(handling_of(error), row.handling);
  EXPECT_EQ(outcome_unknown(error), row.outcome_unknown);
  error.retry_after = 5s;
  EXPECT_EQ(handling_of(error), row.handling == Handling::give_up ? Handling::give_up : Handling::retry_at);
}

INSTANTIATE_TEST_SUITE_P(All, ErrorKinds, ::testing::ValuesIn(kKinds), RowName());

TEST(Error, ContextIsPutInFrontAndTheRestIsKept) {
  Error error{ErrorKind::conflict, "somebody was faster", 3s, 409, "Conflict"};
  const Error outer = std::move(error).in("update secret").in("reconcile team-a/web");
  EXPECT_EQ(outer.message, "reconcile team-a/web: update secret: somebody was faster");
  EXPECT_EQ(outer.kind, ErrorKind::conflict);
  EXPECT_EQ(outer.retry_after, 3s);
  EXPECT_EQ(outer.status_code, 409);
  EXPECT_EQ(outer.code, "Conflict");
}

}  // namespace
}  // namespace apiclient::test
