#include "telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "telemetry/metric_text.h"

namespace apiclient::telemetry {
namespace {

/// Fields of /proc/self/stat after the program's name, which may hold anything; proc(5) counts from 1 and
/// begins here with 3.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(std::move(field));
  return fields;
}

std::optional<double> stat_field(const std::vector<std::string>& fields, std::size_t number) {
  const std::size_t index = number - 3;
  if (index >= fields.size()) return std::nullopt;
  return std::stod(fields[index]);
}

/// Seconds since 1970 at which the machine was started.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

std::optional<double> open_files() {
  std::error_code error;
  const std::filesystem::directory_iterator all("/proc/self/fd", error);
  if (error) return std::nullopt;
  return static_cast<double>(std::distance(begin(all), end(all)) - 1);  // without the one that reads them
}

std::optional<double> file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

std::optional<double> sum(std::optional<double> one, std::optional<double> other) {
  if (!one || !other) return std::nullopt;
  return *one + *other;
}

std::optional<double> scaled(std::optional<double> value, double factor) {
  if (!value) return std::nullopt;
  return *value * factor;
}

}  // namespace

std::string process_metrics() {
  const auto stat = stat_fields();
  const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  std::string text;
  const auto add = [&](std::string_view name, MetricType type, std::string_view help,
                       std::optional<double> value) {
    if (!value) return;
    MetricText metric(name, type, help);
    metric.add({}, *value);
    text += metric.text();
  };
  add("process_cpu_seconds_total", MetricType::counter, "User and system time of all threads",
      scaled(sum(stat_field(stat, 14), stat_field(stat, 15)), tick));
  add("process_resident_memory_bytes", MetricType::gauge, "Resident memory",
      scaled(stat_field(stat, 24), page));
  add("process_virtual_memory_bytes", MetricType::gauge, "Virtual memory", stat_field(stat, 23));
  add("process_start_time_seconds", MetricType::gauge, "Start, in seconds since 1970",
      sum(boot_time(), scaled(stat_field(stat, 22), tick)));
  add("process_open_fds", MetricType::gauge, "Open file descriptors", open_files());
  add("process_max_fds", MetricType::gauge, "How many there may be", file_limit());
  add("process_threads", MetricType::gauge, "Threads", stat_field(stat, 20));
  return text;
}

}  // namespace apiclient::telemetry
