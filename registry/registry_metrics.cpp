#include "registry/registry_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace apiclient::registry {

struct RegistryMetrics::Families {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& token_requests =
      prometheus::BuildCounter()
          .Name("apiclient_registry_token_requests_total")
          .Help("Requests to the token endpoint by result")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& admin_requests =
      prometheus::BuildCounter()
          .Name("apiclient_registry_admin_requests_total")
          .Help("Requests to the admin API by method and HTTP status")
          .Register(registry);
  prometheus::Gauge& clients = prometheus::BuildGauge()
                                   .Name("apiclient_registry_clients")
                                   .Help("Clients in the store")
                                   .Register(registry)
                                   .Add({});
};

RegistryMetrics::RegistryMetrics() : families_(std::make_unique<Families>()) {}
RegistryMetrics::~RegistryMetrics() = default;

void RegistryMetrics::token_request(std::string_view result) {
  families_->token_requests.Add({{"result", std::string(result)}}).Increment();
}

void RegistryMetrics::admin_request(std::string_view method, int status_code) {
  families_->admin_requests.Add({{"method", std::string(method)}, {"code", std::to_string(status_code)}})
      .Increment();
}

void RegistryMetrics::clients(std::int64_t count) { families_->clients.Set(static_cast<double>(count)); }

std::string RegistryMetrics::text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace apiclient::registry
