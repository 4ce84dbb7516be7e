#include "json/json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(JsonParse, ReadsExactIntegersAndText) {
  const auto parsed =
      json::parse(R"({"max":9223372036854775807,"min":-9223372036854775808,"text":"\u00fc\n"})");
  ASSERT_THAT(parsed, is_ok());
  EXPECT_EQ((*parsed)["max"].get<std::int64_t>(), 9223372036854775807);
  EXPECT_EQ((*parsed)["min"].get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ((*parsed)["text"], "\xC3\xBC\n");
}

struct BadJson {
  std::string name;
  std::string text;
};
void PrintTo(const BadJson& row, std::ostream* out) { *out << row.name; }

class BadJsons : public ::testing::TestWithParam<BadJson> {};

TEST_P(BadJsons, AreProtocolErrorsThatDoNotRepeatTheText) {
  EXPECT_THAT(json::parse(GetParam().text), has_error_text(ErrorKind::protocol, Not(HasSubstr("hunter2"))));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadJsons,
    ::testing::Values(BadJson{"Empty", ""}, BadJson{"Html", "<html>hunter2</html>"},
                      BadJson{"Truncated", R"({"secret":"hunter2)"},
                      BadJson{"Trailing", R"({"a":1} hunter2)"}, BadJson{"TwoDocuments", R"({"a":1}{"b":2})"},
                      BadJson{"Comment", R"({"a":1 /*hunter2*/})"}, BadJson{"BadUtf8", "\"hunter2\xff\""},
                      BadJson{"LoneSurrogate", R"("hunter2\ud800")"}, BadJson{"RawNewLine", "\"hunter2\n\""},
                      BadJson{"NumberTooLarge", "[1e999]"}, BadJson{"NotANumber", "[NaN]"},
                      BadJson{"LeadingZero", "[01]"}, BadJson{"SingleQuotes", "{'a':'hunter2'}"}),
    RowName());

TEST(JsonParse, SaysWhere) {
  EXPECT_THAT(json::parse(R"({"a":nope})"), has_error_text(ErrorKind::protocol, HasSubstr("byte 7")));
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonParse, DepthIsLimited) {
  EXPECT_THAT(json::parse(nested(64)), is_ok());
  EXPECT_THAT(json::parse(nested(65)), has_error_text(ErrorKind::protocol, HasSubstr("nested")));
  EXPECT_THAT(json::parse(nested(1'000'000)), has_error(ErrorKind::protocol));
  EXPECT_THAT(json::parse(nested(5), {.max_depth = 4}), has_error(ErrorKind::protocol));
}

TEST(JsonParse, BracketsInTextsAreNotDepth) {
  const std::string text = "\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"";
  EXPECT_THAT(json::parse(text), is_ok());
}

TEST(JsonParse, ManySiblingsAreNotDepth) {
  std::string text = "[";
  for (int i = 0; i < 1000; ++i) text += "{},";
  EXPECT_THAT(json::parse(text + "[]]"), is_ok());
}

TEST(JsonParse, SizeIsLimited) {
  EXPECT_THAT(json::parse("[1,2,3]", {.max_bytes = 7}), is_ok());
  EXPECT_THAT(json::parse("[1,2,3]", {.max_bytes = 6}),
              has_error_text(ErrorKind::protocol, HasSubstr("longer")));
}

TEST(JsonDump, IsCompactAndReadBack) {
  const Json value = {{"b", {1, 2.5, true, nullptr}}, {"a", "text"}};
  EXPECT_EQ(json::dump(value), R"({"a":"text","b":[1,2.5,true,null]})");
  EXPECT_EQ(*json::parse(json::dump(value)), value);
}

TEST(JsonDump, BadBytesAreReplacedAndNothingIsThrown) {
  const std::string text = json::dump(Json{{"text",
                                            "a\xff"
                                            "b\xC3"}});
  EXPECT_EQ(text,
            "{\"text\":\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"}");
  EXPECT_THAT(json::parse(text), is_ok());
}

}  // namespace
}  // namespace apiclient::test
