#include "reconciler/rotation_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.h"

namespace apiclient::reconciler {

void PrintTo(const RotationToken& token, std::ostream* out) {
  *out << token.id << (token.now ? " now " : " ") << token.reason;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Token = RotationToken;

struct TokenRow {
  std::string name;
  std::string text;
  std::optional<Token> token;
};
class RotationTokens : public ::testing::TestWithParam<TokenRow> {};

TEST_P(RotationTokens, AreReadOrRefused) {
  EXPECT_EQ(parse_rotation_token(GetParam().text), GetParam().token);
}

INSTANTIATE_TEST_SUITE_P(
    Grammar, RotationTokens,
    ::testing::Values(TokenRow{"Plain", "2026-01", Token{.id = "2026-01"}},
                      TokenRow{"AllLetters", "aZ09._-", Token{.id = "aZ09._-"}},
                      TokenRow{"Now", "one:now", Token{.id = "one", .now = true}},
                      TokenRow{"Reason", "one:Lost", Token{.id = "one", .reason = "Lost"}},
                      TokenRow{"NowAndReason", "one:now:Lost",
                               Token{.id = "one", .now = true, .reason = "Lost"}},
                      TokenRow{"Requested", "one:Requested", Token{.id = "one"}},
                      TokenRow{"CompromisedMeansNow", "one:Compromised",
                               Token{.id = "one", .now = true, .reason = "Compromised"}},
                      TokenRow{"Longest", std::string(63, 'a'), Token{.id = std::string(63, 'a')}},
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
