#pragma once
// What the kernel tells of this process, under the names that Prometheus's own client libraries use.

#include <string>

namespace apiclient::telemetry {

/// Prometheus text exposition format 0.0.4; without what cannot be read.
std::string process_metrics();

}  // namespace apiclient::telemetry
