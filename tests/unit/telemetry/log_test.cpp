#include "telemetry/log.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/rfc3339.h"
#include "json/json.h"
#include "support/log_capture.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using telemetry::Log;
using telemetry::LogFormat;
using telemetry::LogLevel;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

Json only_line(const LogCapture& capture) {
  const auto lines = capture.lines();
  EXPECT_THAT(lines, SizeIs(1));
  auto parsed = json::parse(lines.empty() ? "null" : lines.front());
  EXPECT_THAT(parsed, is_ok()) << capture.text();
  return parsed ? *parsed : Json();
}

TEST(LogJson, ALineIsOneObjectWithTimeLevelMessageAndFields) {
  const LogCapture capture;
  Log().warning(
      "lease lost",
      {{"name", "web"}, {"count", 3}, {"big", std::int64_t{1} << 40U}, {"ratio", 0.5}, {"leading", false}});
  const Json line = only_line(capture);
  EXPECT_THAT(parse_rfc3339(line.value("time", "")), is_ok());
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["message"], "lease lost");
  EXPECT_EQ(line["name"], "web");
  EXPECT_EQ(line["count"], 3);
  EXPECT_EQ(line["big"], std::int64_t{1} << 40U);
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_EQ(line["leading"], false);
}

struct Awkward {
  std::string name;
  std::string text;
};
void PrintTo(const Awkward& row, std::ostream* out) { *out << row.name; }

class AwkwardTexts : public ::testing::TestWithParam<Awkward> {};

TEST_P(AwkwardTexts, SurviveAsJson) {
  const LogCapture capture;
  Log().info("message", {{"text", GetParam().text}});
  EXPECT_EQ(only_line(capture)["text"], GetParam().text);
}

TEST_P(AwkwardTexts, StayOnOneLineAsText) {
  const LogCapture capture({.level = LogLevel::info, .format = LogFormat::text});
  Log().info("message", {{"text", GetParam().text}});
  EXPECT_THAT(capture.lines(), SizeIs(1)) << capture.text();
}

INSTANTIATE_TEST_SUITE_P(
    Rows, AwkwardTexts,
    ::testing::Values(Awkward{"Empty", ""}, Awkward{"Quote", "say \"hello\""}, Awkward{"Backslash", "a\\b"},
                      Awkward{"NewLine", "a\nb\r\nc"},
                      Awkward{"ForgedLine", "x\n{\"level\":\"error\",\"message\":\"forged\"}"},
                      Awkward{"Control", std::string("a\x01\x1f\0b", 5)},
                      Awkward{"TerminalEscape", "\x1b[31mred"}, Awkward{"Delete", "a\x7f"},
                      Awkward{"Umlaut", "gr\xC3\xBC\xC3\x9F"}, Awkward{"Equals", "a=b c=d"},
                      Awkward{"Braces", "{}[]%s{}"}),
    RowName());

TEST(LogJson, BytesThatAreNotUtf8StillMakeALineThatCanBeRead) {
  const LogCapture capture;
  Log().info("message", {{"text", std::string("a\xff\xfe\xC3")}});
  EXPECT_EQ(only_line(capture)["text"], "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(LogJson, Utf8LooksAtEveryRange) {
  for (const char* good :
       {"\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    const LogCapture capture;
    Log().info("message", {{"text", good}});
    EXPECT_EQ(only_line(capture)["text"], good);
  }
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    const LogCapture capture;
    Log().info("message", {{"text", bad}});
    EXPECT_THAT(only_line(capture).value("text", ""), ::testing::StartsWith("\xEF\xBF\xBD"));
  }
}

TEST(LogJson, NumbersThatJsonDoesNotKnowStillMakeALineThatCanBeRead) {
  const LogCapture capture;
  Log().info("message", {{"nan", std::numeric_limits<double>::quiet_NaN()},
                         {"inf", std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(only_line(capture)["message"], "message");
}

TEST(LogText, FieldsFollowTheMessageAndAreQuotedWhenNeeded) {
  const LogCapture capture({.level = LogLevel::info, .format = LogFormat::text});
  Log().info("started", {{"name", "web"}, {"reason", "two words"}, {"port", 80}, {"on", true}});
  EXPECT_THAT(capture.text(), EndsWith("started name=web reason=\"two words\" port=80 on=true\n"));
}

TEST(Log, FieldsOfWithAreOnEveryLine) {
  const LogCapture capture;
  const Log outer = Log().with({{"controller", "apiclient"}});
  const Log inner = outer.with({{"object", "team-a/web"}});
  inner.info("one", {});
  outer.info("two", {});
  const auto lines = capture.lines();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], HasSubstr(R"("controller":"apiclient","object":"team-a/web")"));
  EXPECT_THAT(lines[1], Not(HasSubstr("team-a")));
}

struct LevelCase {
  std::string name;
  LogLevel level;
  std::size_t lines;
};
void PrintTo(const LevelCase& row, std::ostream* out) { *out << row.name; }

class Levels : public ::testing::TestWithParam<LevelCase> {};

TEST_P(Levels, LetTheirOwnAndWorseThrough) {
  const auto parsed = telemetry::parse_log_level(GetParam().name);
  ASSERT_THAT(parsed, is_ok());
  EXPECT_EQ(*parsed, GetParam().level);
  const LogCapture capture({.level = GetParam().level});
  const Log log;
  log.trace("1");
  log.debug("2");
  log.info("3");
  log.warning("4");
  log.error("5");
  EXPECT_THAT(capture.lines(), SizeIs(GetParam().lines));
}

INSTANTIATE_TEST_SUITE_P(All, Levels,
                         ::testing::Values(LevelCase{"trace", LogLevel::trace, 5},
                                           LevelCase{"debug", LogLevel::debug, 4},
                                           LevelCase{"info", LogLevel::info, 3},
                                           LevelCase{"warning", LogLevel::warning, 2},
                                           LevelCase{"error", LogLevel::error, 1}),
                         RowName());

TEST(Log, UnknownLevelsAndFormatsAreInvalid) {
  for (const char* text : {"", "INFO", "verbose"}) {
    EXPECT_THAT(telemetry::parse_log_level(text), has_error(ErrorKind::invalid)) << text;
    EXPECT_THAT(telemetry::parse_log_format(text), has_error(ErrorKind::invalid)) << text;
  }
  EXPECT_EQ(*telemetry::parse_log_format("json"), LogFormat::json);
  EXPECT_EQ(*telemetry::parse_log_format("text"), LogFormat::text);
}

TEST(Log, LinesOfManyThreadsDoNotMix) {
  const LogCapture capture;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([i] {
        for (int j = 0; j < 100; ++j) Log().info("line", {{"thread", i}, {"number", j}});
      });
    }
  }
  const auto lines = capture.lines();
  ASSERT_THAT(lines, SizeIs(400));
  for (const std::string& line : lines) EXPECT_THAT(json::parse(line), is_ok()) << line;
}

}  // namespace
}  // namespace apiclient::test
