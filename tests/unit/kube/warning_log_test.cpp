#include "kube/warning_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/log_capture.h"

namespace apiclient::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(WarningLog, ParsesOneAndSeveral) {
  EXPECT_THAT(parse_warnings(""), IsEmpty());
  EXPECT_THAT(parse_warnings(R"(299 - "unknown field \"spec.x\"")"),
              ElementsAre(R"(unknown field "spec.x")"));
  EXPECT_THAT(
      parse_warnings(R"(299 - "one, two", 299 kube "three" "Wed, 21 Oct 2015 07:28:00 GMT", 299 - "four")"),
      ElementsAre("one, two", "three", "four"));
  EXPECT_THAT(parse_warnings(R"(199 - "other", 299 - "ours")"), ElementsAre("ours"));
}

TEST(WarningLog, MalformedHeadersEndTheList) {
  for (const char* header : {"299", "299 -", "299 - x", R"(299 - "open)", R"(299 - "open\)", "nonsense"}) {
    EXPECT_THAT(parse_warnings(header), IsEmpty()) << header;
  }
}

TEST(WarningLog, LogsEachTextOnce) {
  const test::LogCapture capture;
  WarningLog log;
  log.note(R"(299 - "old API")");
  log.note(R"(299 - "old API", 299 - "new")");
  ASSERT_EQ(capture.lines().size(), 2U);
  EXPECT_THAT(capture.lines()[0], HasSubstr("old API"));
  EXPECT_THAT(capture.lines()[1], HasSubstr("new"));
}

TEST(WarningLog, ForgetsRatherThanGrowWithoutEnd) {
  const test::LogCapture capture;
  WarningLog log;
  log.note(R"(299 - "old API")");
  for (int i = 0; i < 300; ++i) log.note("299 - \"text " + std::to_string(i) + "\"");
  log.note(R"(299 - "old API")");
  EXPECT_EQ(capture.lines().size(), 302U);
}

}  // namespace
}  // namespace apiclient::kube
