#include "base/result.h"

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return fail(ErrorKind::invalid, "odd");
  return number / 2;
}

Result<int> quarter_of(int number) {
  ASSIGN_OR_RETURN(const int half, half_of(number));
  ASSIGN_OR_RETURN(const int quarter, half_of(half));
  return quarter;
}

Result<void> check_even(int number) {
  RETURN_IF_ERROR(half_of(number));
  return {};
}

Result<std::string> describe(int number) {
  RETURN_IF_ERROR(check_even(number));
  return std::string("even");
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_THAT(half_of(4), is_ok());
  EXPECT_EQ(*half_of(4), 2);
  EXPECT_THAT(half_of(3), has_error_text(ErrorKind::invalid, "odd"));
}

TEST(Result, MacrosLeaveAtTheFirstErrorAcrossValueTypes) {
  EXPECT_EQ(*quarter_of(8), 2);
  EXPECT_THAT(quarter_of(6), has_error(ErrorKind::invalid));
  EXPECT_THAT(quarter_of(7), has_error(ErrorKind::invalid));
  EXPECT_THAT(check_even(2), is_ok());
  EXPECT_THAT(check_even(1), has_error(ErrorKind::invalid));
  EXPECT_THAT(describe(1), has_error(ErrorKind::invalid));
  EXPECT_EQ(*describe(2), "even");
}

TEST(Result, ValueOrGivesTheOtherOnlyOnError) {
  EXPECT_EQ(half_of(4).value_or(9), 2);
  EXPECT_EQ(half_of(3).value_or(9), 9);
}

TEST(Result, StepsCanBeChained) {
  EXPECT_EQ(*half_of(8).and_then(half_of).transform([](int value) { return value + 1; }), 3);
  EXPECT_THAT(half_of(6).and_then(half_of).transform([](int value) { return value + 1; }),
              has_error(ErrorKind::invalid));
}

TEST(Result, CarriesMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> value = std::move(*result);
  EXPECT_EQ(*value, 7);
}

TEST(Result, AbsentIsAValue) {
  const Result<std::optional<int>> absent = std::optional<int>();
  ASSERT_THAT(absent, is_ok());
  EXPECT_FALSE(absent->has_value());
}

TEST(Result, KeepsTheWholeError) {
  const Result<int> result =
      fail(Error{ErrorKind::throttled, "busy", std::chrono::seconds(2), 429, "TooMany"});
  EXPECT_EQ(result.error().status_code, 429);
  EXPECT_EQ(result.error().retry_after, std::chrono::seconds(2));
  EXPECT_EQ(result.error().code, "TooMany");
}

}  // namespace
}  // namespace apiclient::test
