#include "json/reader.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/rfc3339.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using json::Problems;
using json::Reader;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const Json kDocument = Json::parse(R"({
  "text": "hello", "number": 42, "negative": -7, "flag": true, "nothing": null, "time": "2026-01-02T03:04:05Z",
  "whole": 5.0, "half": 2.5, "huge": 18446744073709551615, "max": 9223372036854775807, "enormous": 1e300,
  "list": ["a", "b"], "empty": [], "mixed": ["a", 1, "b", null],
  "labels": {"b": "2", "a": "1"}, "badLabels": {"a": 1, "b": "ok"},
  "spec": {"inner": {"name": "x"}, "items": [{"name": "one"}, {"other": 1}]}
})");

class ReaderTest : public ::testing::Test {
 protected:
  Problems problems_;
  const Reader reader_{kDocument, problems_};
};

TEST_F(ReaderTest, ReadsWhatIsThere) {
  EXPECT_EQ(reader_.text("text"), "hello");
  EXPECT_EQ(reader_.integer("number"), 42);
  EXPECT_EQ(reader_.integer("negative"), -7);
  EXPECT_EQ(reader_.integer("max"), 9223372036854775807);
  EXPECT_EQ(reader_.integer("whole"), 5);
  EXPECT_TRUE(reader_.boolean("flag"));
  EXPECT_EQ(reader_.time("time"), *parse_rfc3339("2026-01-02T03:04:05Z"));
  EXPECT_EQ(reader_.optional_text("text"), "hello");
  EXPECT_THAT(*reader_.optional_texts("list"), ElementsAre("a", "b"));
  EXPECT_THAT(reader_.text_map("labels"), ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_EQ(reader_.object("spec").object("inner").text("name"), "x");
  EXPECT_TRUE(reader_.has("text"));
  EXPECT_EQ(reader_.raw("number"), 42);
  EXPECT_THAT(problems_.all(), IsEmpty());
  EXPECT_THAT(problems_.result("read"), is_ok());
}

TEST_F(ReaderTest, AbsentAndNullOptionalMembersAreEmptyWithoutAProblem) {
  for (const char* member : {"missing", "nothing"}) {
    EXPECT_EQ(reader_.optional_text(member), std::nullopt);
    EXPECT_EQ(reader_.optional_integer(member), std::nullopt);
    EXPECT_EQ(reader_.optional_boolean(member), std::nullopt);
    EXPECT_EQ(reader_.optional_time(member), std::nullopt);
    EXPECT_EQ(reader_.optional_texts(member), std::nullopt);
    EXPECT_THAT(reader_.text_map(member), IsEmpty());
    EXPECT_FALSE(reader_.has(member));
    EXPECT_TRUE(reader_.raw(member).is_null());
    reader_.each(member, [](const Reader&) { ADD_FAILURE(); });
  }
  EXPECT_THAT(problems_.all(), IsEmpty());
}

TEST_F(ReaderTest, AnEmptyArrayIsNotAbsent) {
  ASSERT_TRUE(reader_.optional_texts("empty").has_value());
  EXPECT_THAT(*reader_.optional_texts("empty"), IsEmpty());
}

struct ProblemCase {
  std::string name;
  std::function<void(const Reader&)> read;
  std::vector<std::string> problems;
};
void PrintTo(const ProblemCase& row, std::ostream* out) { *out << row.name; }

class ReaderProblems : public ::testing::TestWithParam<ProblemCase> {};

TEST_P(ReaderProblems, NameThePathAndTheMistake) {
  Problems problems;
  GetParam().read(Reader(kDocument, problems));
  EXPECT_EQ(problems.all(), GetParam().problems);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ReaderProblems,
    ::testing::Values(
        ProblemCase{"TextMissing",
                    [](const Reader& r) { EXPECT_EQ(r.text("missing"), ""); },
                    {"missing: is required"}},
        ProblemCase{
            "TextNull", [](const Reader& r) { EXPECT_EQ(r.text("nothing"), ""); }, {"nothing: is required"}},
        ProblemCase{"TextIsNumber",
                    [](const Reader& r) { EXPECT_EQ(r.text("number"), ""); },
                    {"number: must be a string"}},
        ProblemCase{"IntegerIsBoolean",
                    [](const Reader& r) { EXPECT_EQ(r.integer("flag"), 0); },
                    {"flag: must be an integer"}},
        ProblemCase{
            "IntegerIsText", [](const Reader& r) { r.integer("text"); }, {"text: must be an integer"}},
        ProblemCase{"IntegerIsFraction",
                    [](const Reader& r) { r.integer("half"); },
                    {"half: must be a 64-bit integer"}},
        ProblemCase{"IntegerTooLarge",
                    [](const Reader& r) { EXPECT_EQ(r.integer("huge"), 0); },
                    {"huge: must be a 64-bit integer"}},
        ProblemCase{"IntegerEnormous",
                    [](const Reader& r) { r.optional_integer("enormous"); },
                    {"enormous: must be a 64-bit integer"}},
        ProblemCase{"BooleanIsNumber",
                    [](const Reader& r) { EXPECT_FALSE(r.boolean("number")); },
                    {"number: must be true or false"}},
        ProblemCase{"TimeIsText",
                    [](const Reader& r) { EXPECT_EQ(r.time("text"), WallTime{}); },
                    {"text: must be an RFC 3339 time"}},
        ProblemCase{
            "TimeIsNumber", [](const Reader& r) { r.optional_time("number"); }, {"number: must be a string"}},
        ProblemCase{"ListIsText",
                    [](const Reader& r) { r.optional_texts("text"); },
                    {"text: must be an array of strings"}},
        ProblemCase{"ListIsMixed",
                    [](const Reader& r) { r.optional_texts("mixed"); },
                    {"mixed[1]: must be a string", "mixed[3]: must be a string"}},
        ProblemCase{
            "MapIsList", [](const Reader& r) { r.text_map("list"); }, {"list: must be an object of strings"}},
        ProblemCase{"MapValueIsNumber",
                    [](const Reader& r) { r.text_map("badLabels"); },
                    {"badLabels.a: must be a string"}},
        ProblemCase{"ObjectIsText",
                    [](const Reader& r) { r.object("text").optional_text("x"); },
                    {"text: must be an object"}},
        ProblemCase{"RequiredInMissingObject",
                    [](const Reader& r) { r.object("gone").object("deeper").text("name"); },
                    {"gone.deeper.name: is required"}},
        ProblemCase{"EachIsText",
                    [](const Reader& r) { r.each("text", [](const Reader&) { ADD_FAILURE(); }); },
                    {"text: must be an array"}},
        ProblemCase{"EachNamesTheElement",
                    [](const Reader& r) {
                      r.object("spec").each("items", [](const Reader& item) { item.text("name"); });
                    },
                    {"spec.items[1].name: is required"}}),
    RowName());

TEST(Reader, ADocumentThatIsNoObjectLacksEverything) {
  for (const Json& document : {Json(), Json(5), Json::array({1}), Json("text")}) {
    Problems problems;
    const Reader reader(document, problems);
    EXPECT_EQ(reader.text("name"), "");
    EXPECT_THAT(problems.all(), ElementsAre("name: is required"));
  }
}

TEST(Problems, AreAllInOneError) {
  Problems problems;
  problems.add("spec.a", "is wrong");
  problems.add("", "is no object");
  EXPECT_THAT(problems.result("read ApiClient"),
              has_error_text(ErrorKind::invalid, "read ApiClient: spec.a: is wrong; document: is no object"));
}

}  // namespace
}  // namespace apiclient::test
