#include "telemetry/process_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>

namespace apiclient::telemetry {
namespace {

double value_of(const std::string& metric) {
  const std::string text = process_metrics();
  const std::size_t at = text.find("\n" + metric + " ");
  if (at == std::string::npos) return -1;
  return std::stod(text.substr(at + metric.size() + 2));
}

TEST(ProcessMetrics, AreThoseOfThisProcess) {
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_LE(value_of("process_start_time_seconds"), now + 2);
  EXPECT_GT(value_of("process_start_time_seconds"), now - 3600);
  EXPECT_GT(value_of("process_resident_memory_bytes"), 1'000'000);
  EXPECT_LT(value_of("process_resident_memory_bytes"), value_of("process_virtual_memory_bytes"));
  EXPECT_GE(value_of("process_cpu_seconds_total"), 0);
  EXPECT_GE(value_of("process_threads"), 1);
  EXPECT_GT(value_of("process_max_fds"), value_of("process_open_fds"));
}

TEST(ProcessMetrics, CountOpenFiles) {
  const double before = value_of("process_open_fds");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/dev/null", "r"), &std::fclose);
  EXPECT_EQ(value_of("process_open_fds"), before + 1);
}

}  // namespace
}  // namespace apiclient::telemetry
