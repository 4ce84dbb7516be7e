#include "base/utf8.h"

#include <gtest/gtest.h>

namespace apiclient {
namespace {

struct Row {
  const char* name;
  std::string text;
  std::size_t length;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Utf8Length : public ::testing::TestWithParam<Row> {};

TEST_P(Utf8Length, IsThatOfTheFirstCharacter) { EXPECT_EQ(utf8_length(GetParam().text), GetParam().length); }

INSTANTIATE_TEST_SUITE_P(
    Table, Utf8Length,
    ::testing::Values(Row{"empty", "", 0}, Row{"ascii", "ab", 1}, Row{"two_bytes", "\xC3\xA4x", 2},
                      Row{"three_bytes", "\xE2\x82\xAC", 3}, Row{"four_bytes", "\xF0\x9F\x98\x80", 4},
                      Row{"cut_off", "\xE2\x82", 0}, Row{"continuation", "\x82", 0},
                      Row{"overlong", "\xC0\x80", 0}, Row{"overlong_of_three", "\xE0\x80\x80", 0},
                      Row{"surrogate", "\xED\xA0\x80", 0}, Row{"beyond_the_last", "\xF4\x90\x80\x80", 0}),
    [](const auto& row) { return row.param.name; });

TEST(ToValidUtf8, ReplacesWhatIsNone) {
  EXPECT_EQ(to_valid_utf8("a\xFF\xC3\xA4\xE2\x82"), "a\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("plain"), "plain");
}

}  // namespace
}  // namespace apiclient
