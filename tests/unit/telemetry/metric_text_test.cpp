#include "telemetry/metric_text.h"

#include <gtest/gtest.h>

namespace apiclient::telemetry {
namespace {

TEST(MetricText, HasAHeadAndALineForEachSample) {
  MetricText metric("some_metric", MetricType::gauge, "What it is");
  metric.add({{"namespace", "team-a"}, {"name", "one"}}, 1767323045);
  metric.add({}, 0.5);
  EXPECT_EQ(metric.text(),
            "# HELP some_metric What it is\n"
            "# TYPE some_metric gauge\n"
            "some_metric{namespace=\"team-a\",name=\"one\"} 1767323045\n"
            "some_metric 0.5\n");
}

TEST(MetricText, EscapesValuesOfLabels) {
  MetricText metric("m", MetricType::counter, "h");
  metric.add({{"a", "x\"y\\z\nw"}}, 1);
  EXPECT_EQ(metric.text(), "# HELP m h\n# TYPE m counter\nm{a=\"x\\\"y\\\\z\\nw\"} 1\n");
}

}  // namespace
}  // namespace apiclient::telemetry
