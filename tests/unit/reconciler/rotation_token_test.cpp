#include "reconciler/rotation_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct TokenRow {
  std::string name;
  std::string token;
  std::optional<std::string> id;
};
class RotationId : public ::testing::TestWithParam<TokenRow> {};

TEST_P(RotationId, IsReadOrRefused) { EXPECT_EQ(rotation_id(GetParam().token), GetParam().id); }

INSTANTIATE_TEST_SUITE_P(
    Grammar, RotationId,
    ::testing::Values(TokenRow{"Plain", "2026-01", "2026-01"}, TokenRow{"AllLetters", "aZ09._-", "aZ09._-"},
                      TokenRow{"Now", "one:now", "one"}, TokenRow{"Reason", "one:Lost", "one"},
                      TokenRow{"NowAndReason", "one:now:Compromised", "one"},
                      TokenRow{"Requested", "one:Requested", "one"},
                      TokenRow{"Longest", std::string(63, 'a'), std::string(63, 'a')},
                      TokenRow{"TooLong", std::string(64, 'a'), std::nullopt},
                      TokenRow{"Empty", "", std::nullopt}, TokenRow{"NoId", ":now", std::nullopt},
                      TokenRow{"Space", "a b", std::nullopt}, TokenRow{"EqualsSign", "a=b", std::nullopt},
                      TokenRow{"NotAscii", "\xc3\xa9", std::nullopt},
                      TokenRow{"UnknownSuffix", "one:later", std::nullopt},
                      TokenRow{"ReasonBeforeNow", "one:Lost:now", std::nullopt},
                      TokenRow{"EmptySuffix", "one:", std::nullopt},
                      TokenRow{"NowWithEmptyReason", "one:now:", std::nullopt},
                      TokenRow{"LowerCaseReason", "one:lost", std::nullopt}),
    test::RowName());

std::vector<std::string> numbered(int first, int last) {
  std::vector<std::string> ids;
  for (int number = first; number <= last; ++number) ids.push_back(std::to_string(number));
  return ids;
}

TEST(MergeHandled, KeepsOrderAndDropsDuplicates) {
  EXPECT_THAT(merge_handled({"a", "b"}, {"b", "c"}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(merge_handled({}, {}), IsEmpty());
}

TEST(MergeHandled, RemembersTheLastSixteen) {
  EXPECT_EQ(merge_handled(numbered(1, 16), {"17"}), numbered(2, 17));
  EXPECT_EQ(merge_handled(numbered(1, 16), {"1"}), numbered(1, 16));
}

}  // namespace
}  // namespace apiclient::reconciler
