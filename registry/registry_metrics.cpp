#include "registry/registry_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>

namespace apiclient::registry {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

constexpr std::array<std::string_view, 9> kTokenResults{"success",
                                                        "invalid_request",
                                                        "invalid_client",
                                                        "unauthorized_client",
                                                        "unsupported_grant_type",
                                                        "invalid_scope",
                                                        "invalid_target",
                                                        "temporarily_unavailable",
                                                        "server_error"};
constexpr std::array<std::string_view, 4> kMethods{"client_secret_basic", "client_secret_post",
                                                   "private_key_jwt", "none"};

Histogram::BucketBoundaries seconds_buckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};
}

Family<Counter>& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Labels labels_of(const RegistryMetrics::RequestLabels& labels) {
  return {{"listener", labels.listener}, {"endpoint", labels.endpoint}};
}

prometheus::Labels labels_of(const RegistryMetrics::RequestLabels& labels, int status_code) {
  auto result = labels_of(labels);
  result.emplace("code", std::to_string(status_code));
  return result;
}

}  // namespace

struct RegistryMetrics::Families {
  prometheus::Registry registry;
  Family<Counter>& requests = counters(registry, "apiclient_registry_requests_total",
                                       "Requests by listener, endpoint and HTTP status");
  Family<Histogram>& durations = prometheus::BuildHistogram()
                                     .Name("apiclient_registry_request_duration_seconds")
                                     .Help("Time that requests took, by listener and endpoint")
                                     .Register(registry);
  Family<Counter>& token_requests = counters(registry, "apiclient_registry_token_requests_total",
                                             "Requests to the token endpoint by result");
  Family<Counter>& failed = counters(registry, "apiclient_registry_failed_authentications_total",
                                     "Wrong credentials by authentication method");
  Counter& throttled =
      counters(registry, "apiclient_registry_throttled_total", "Failed authentications answered with 429")
          .Add({});
  Gauge& clients = gauge(registry, "apiclient_registry_clients", "Clients in the store");
  Gauge& disabled = gauge(registry, "apiclient_registry_disabled_clients", "Clients that are disabled");
  Gauge& secrets = gauge(registry, "apiclient_registry_secrets", "Secrets of all clients");
};

RegistryMetrics::RegistryMetrics() : families_(std::make_unique<Families>()) {
  for (const auto result : kTokenResults) families_->token_requests.Add({{"result", std::string(result)}});
  for (const auto method : kMethods) families_->failed.Add({{"method", std::string(method)}});
}

RegistryMetrics::~RegistryMetrics() = default;

void RegistryMetrics::expect_requests(const RequestLabels& labels, std::span<const int> status_codes) {
  for (const int code : status_codes) families_->requests.Add(labels_of(labels, code));
  families_->durations.Add(labels_of(labels), seconds_buckets());
}

void RegistryMetrics::request(const RequestLabels& labels, int status_code,
                              std::chrono::nanoseconds duration) {
  families_->requests.Add(labels_of(labels, status_code)).Increment();
  families_->durations.Add(labels_of(labels), seconds_buckets())
      .Observe(std::chrono::duration<double>(duration).count());
}

void RegistryMetrics::token_request(std::string_view result) {
  families_->token_requests.Add({{"result", std::string(result)}}).Increment();
}

void RegistryMetrics::failed_authentication(std::string_view method) {
  families_->failed.Add({{"method", std::string(method)}}).Increment();
}

void RegistryMetrics::throttled() { families_->throttled.Increment(); }

void RegistryMetrics::stored(const Counts& counts) {
  families_->clients.Set(static_cast<double>(counts.clients));
  families_->disabled.Set(static_cast<double>(counts.disabled_clients));
  families_->secrets.Set(static_cast<double>(counts.secrets));
}

std::string RegistryMetrics::text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace apiclient::registry
