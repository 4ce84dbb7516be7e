#pragma once
// Counts and times what a listener serves. Pure, but for the metrics that it feeds.

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/server.h"
#include "registry/registry_metrics.h"

namespace apiclient::registry {

/// From a route's pattern to the endpoint's name; what is not here is "other".
using EndpointNames = std::map<std::string, std::string>;

/// `metrics` and `clock` are not owned and outlive the routes.
std::vector<http::Route> meter_routes(std::vector<http::Route> routes, const std::string& listener,
                                      const EndpointNames& names, RegistryMetrics& metrics,
                                      const Clock& clock);

}  // namespace apiclient::registry
