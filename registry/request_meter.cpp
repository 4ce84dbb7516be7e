#include "registry/request_meter.h"

#include <array>
#include <utility>

namespace apiclient::registry {
namespace {

// Those of the public endpoints, of the admin API, and of documents; others appear when they happen.
constexpr std::array<int, 6> kPublicCodes{200, 400, 401, 429, 500, 503};
constexpr std::array<int, 11> kAdminCodes{200, 201, 204, 400, 401, 404, 405, 409, 412, 500, 503};
constexpr std::array<int, 2> kOtherCodes{404, 405};
constexpr std::array<int, 2> kProbeCodes{200, 503};

std::span<const int> codes_of(const std::string& listener) {
  if (listener == "public") return kPublicCodes;
  if (listener == "admin") return kAdminCodes;
  return kProbeCodes;
}

}  // namespace

std::vector<http::Route> meter_routes(std::vector<http::Route> routes, const std::string& listener,
                                      const EndpointNames& names, RegistryMetrics& metrics,
                                      const Clock& clock) {
  for (const auto& [pattern, name] : names) metrics.expect_requests({listener, name}, codes_of(listener));
  metrics.expect_requests({listener, "other"}, kOtherCodes);
  for (auto& route : routes) {
    const auto known = names.find(route.pattern);
    const RegistryMetrics::RequestLabels labels{listener, known == names.end() ? "other" : known->second};
    route.handle = [labels, next = std::move(route.handle), &metrics,
                    &clock](const http::ServerRequest& request) {
      const BootTime begin = clock.now();
      http::Response response = next(request);
      metrics.request(labels, response.status_code, clock.now() - begin);
      return response;
    };
  }
  return routes;
}

}  // namespace apiclient::registry
