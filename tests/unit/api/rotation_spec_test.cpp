#include "api/rotation_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/matchers.h"

namespace apiclient::api {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

Result<RotationSpec> read(const char* text) {
  const Json object{{"rotation", Json::parse(text)}};
  json::Problems problems;
  RotationSpec spec = read_rotation_spec(json::Reader(object, problems).object("rotation"), problems);
  RETURN_IF_ERROR(problems.result("read"));
  return spec;
}

TEST(RotationSpec, OfNothingRotatesOnlyByHand) {
  const auto spec = read("{}");
  ASSERT_THAT(spec, test::is_ok());
  EXPECT_EQ(spec->interval, std::nullopt);
  EXPECT_EQ(spec->overlap, std::nullopt);
  EXPECT_TRUE(spec->windows.empty());
  EXPECT_EQ(spec->min_age, 0ms);
}

TEST(RotationSpec, HasAllItsMembers) {
  const auto spec = read(R"({"interval": "30d", "overlap": "0s", "minAge": "12h",
      "windows": [{"opens": "0 2 * * sun", "timeZone": "Europe/Berlin", "duration": "3h"}]})");
  ASSERT_THAT(spec, test::is_ok());
  EXPECT_EQ(spec->interval, 30 * 24h);
  EXPECT_EQ(spec->overlap, 0ms);
  EXPECT_EQ(spec->min_age, 12h);
  ASSERT_EQ(spec->windows.size(), 1U);
  EXPECT_EQ(spec->windows[0].opens, "0 2 * * sun");
  EXPECT_EQ(spec->windows[0].time_zone, "Europe/Berlin");
  EXPECT_EQ(spec->windows[0].duration, 3h);
}

TEST(RotationSpec, AWindowWithoutATimeZoneIsInUtc) {
  const auto spec = read(R"({"windows": [{"opens": "0 2 * * *", "duration": "1h"}]})");
  ASSERT_THAT(spec, test::is_ok());
  EXPECT_EQ(spec->windows[0].time_zone, "UTC");
}

TEST(RotationSpec, NamesWhatCannotBeRead) {
  EXPECT_THAT(read(R"({"interval": "monthly", "windows": [{"opens": "0 2 * * *", "duration": "long"}]})"),
              test::has_error_text(ErrorKind::invalid, AllOf(HasSubstr("rotation.interval"),
                                                             HasSubstr("rotation.windows[0].duration"))));
}

}  // namespace
}  // namespace apiclient::api
