#include "telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace apiclient::telemetry {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

struct Metrics::Families {
  prometheus::Registry registry;
  Family<Counter>& reconciles = BuildCounter()
                                    .Name("controller_runtime_reconcile_total")
                                    .Help("Reconciliations by result")
                                    .Register(registry);
  Family<Counter>& panics = BuildCounter()
                                .Name("controller_runtime_reconcile_panics_total")
                                .Help("Reconciliations that ended in an unexpected exception")
                                .Register(registry);
  Family<Histogram>& durations = BuildHistogram()
                                     .Name("controller_runtime_reconcile_time_seconds")
                                     .Help("Time a reconciliation took")
                                     .Register(registry);
  Family<Gauge>& depth = BuildGauge().Name("workqueue_depth").Help("Keys waiting").Register(registry);
  Family<Counter>& api_requests = BuildCounter()
                                      .Name("rest_client_requests_total")
                                      .Help("Requests to the Kubernetes API by method and code")
                                      .Register(registry);
  Family<Counter>& backend_requests = BuildCounter()
                                          .Name("apiclient_backend_requests_total")
                                          .Help("Requests to registries by operation and result")
                                          .Register(registry);
  Family<Counter>& events = BuildCounter()
                                .Name("apiclient_events_total")
                                .Help("Events for people by what became of them")
                                .Register(registry);
  Family<Counter>& registrations_lost =
      BuildCounter()
          .Name("apiclient_registrations_lost_total")
          .Help("Registrations whose answer was lost: a client may be left in the registry for each")
          .Register(registry);
  Family<Counter>& abandoned = BuildCounter()
                                   .Name("apiclient_clients_abandoned_total")
                                   .Help("Clients given up at their deletion: they may still exist")
                                   .Register(registry);
  Family<Gauge>& orphaned_clients = BuildGauge()
                                        .Name("apiclient_sweep_orphaned_clients")
                                        .Help("Clients of this installation without an ApiClient")
                                        .Register(registry);
  Family<Gauge>& orphaned_secrets = BuildGauge()
                                        .Name("apiclient_sweep_orphaned_secrets")
                                        .Help("Published Secrets without an ApiClient")
                                        .Register(registry);
  Family<Gauge>& leader = BuildGauge()
                              .Name("leader_election_master_status")
                              .Help("1 while this replica leads")
                              .Register(registry);
};

namespace {

const Histogram::BucketBoundaries kReconcileSeconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                    1,     2.5,  5,     10,   30,  60};

}  // namespace

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::reconciled(std::string_view controller, std::string_view result,
                         std::chrono::nanoseconds took) {
  const std::string name(controller);
  families_->reconciles.Add({{"controller", name}, {"result", std::string(result)}}).Increment();
  families_->durations.Add({{"controller", name}}, kReconcileSeconds)
      .Observe(std::chrono::duration<double>(took).count());
}

void Metrics::reconcile_panicked(std::string_view controller) {
  families_->panics.Add({{"controller", std::string(controller)}}).Increment();
}

void Metrics::queue_depth(std::string_view controller, std::size_t depth) {
  families_->depth.Add({{"name", std::string(controller)}}).Set(static_cast<double>(depth));
}

void Metrics::api_request(std::string_view method, std::string_view code) {
  families_->api_requests.Add({{"method", std::string(method)}, {"code", std::string(code)}}).Increment();
}

void Metrics::backend_request(std::string_view registry, std::string_view operation,
                              std::string_view result) {
  families_->backend_requests
      .Add({{"registry", std::string(registry)},
            {"operation", std::string(operation)},
            {"result", std::string(result)}})
      .Increment();
}

void Metrics::event(std::string_view outcome) {
  families_->events.Add({{"outcome", std::string(outcome)}}).Increment();
}

void Metrics::registration_lost(std::string_view registry) {
  families_->registrations_lost.Add({{"registry", std::string(registry)}}).Increment();
}

void Metrics::client_abandoned(std::string_view registry) {
  families_->abandoned.Add({{"registry", std::string(registry)}}).Increment();
}

void Metrics::orphaned_clients(std::string_view registry, std::size_t count) {
  families_->orphaned_clients.Add({{"registry", std::string(registry)}}).Set(static_cast<double>(count));
}

void Metrics::forget_orphaned_clients(std::string_view registry) {
  families_->orphaned_clients.Remove(&families_->orphaned_clients.Add({{"registry", std::string(registry)}}));
}

void Metrics::orphaned_secrets(std::size_t count) {
  families_->orphaned_secrets.Add({}).Set(static_cast<double>(count));
}

void Metrics::leading(bool leader) {
  families_->leader.Add({{"name", "apiclient-operator"}}).Set(leader ? 1 : 0);
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace apiclient::telemetry
