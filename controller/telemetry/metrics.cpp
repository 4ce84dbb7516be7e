#include "telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <mutex>

#include "telemetry/process_metrics.h"

namespace apiclient::telemetry {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

namespace {

const Histogram::BucketBoundaries kSeconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

/// Label values that are known before anything happens.
constexpr std::array<const char*, 3> kReconcileResults{"success", "error", "requeue_after"};
constexpr std::array<const char*, 3> kEventOutcomes{"written", "dropped", "failed"};
constexpr std::array<const char*, 5> kRotationReasons{"Requested", "Lost", "Compromised", "Scheduled",
                                                      "Recovered"};

double in_seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Family<Counter>& counters(Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& gauges(Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& histograms(Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

prometheus::Labels of_controller(std::string_view controller) {
  return {{"controller", std::string(controller)}};
}
prometheus::Labels of_queue(std::string_view controller) { return {{"name", std::string(controller)}}; }
prometheus::Labels of_registry(std::string_view registry) { return {{"registry", std::string(registry)}}; }

}  // namespace

struct Metrics::Families {
  Registry registry;
  std::mutex adding;

  Family<Counter>& reconciles =
      counters(registry, "controller_runtime_reconcile_total", "Reconciliations by result");
  Family<Counter>& reconcile_errors =
      counters(registry, "controller_runtime_reconcile_errors_total", "Reconciliations that failed");
  Family<Counter>& panics = counters(registry, "controller_runtime_reconcile_panics_total",
                                     "Reconciliations that ended in an unexpected exception");
  Family<Histogram>& durations =
      histograms(registry, "controller_runtime_reconcile_time_seconds", "Time a reconciliation took");
  Family<Gauge>& active_workers =
      gauges(registry, "controller_runtime_active_workers", "Workers that reconcile right now");
  Family<Gauge>& workers = gauges(registry, "controller_runtime_max_concurrent_reconciles", "Workers");

  Family<Gauge>& depth = gauges(registry, "workqueue_depth", "Keys that are due");
  Family<Counter>& adds = counters(registry, "workqueue_adds_total", "Keys that were put into the queue");
  Family<Counter>& retries =
      counters(registry, "workqueue_retries_total", "Keys that were put back after a failure");
  Family<Histogram>& queue_durations =
      histograms(registry, "workqueue_queue_duration_seconds", "Time a key was due before a worker took it");
  Family<Histogram>& work_durations =
      histograms(registry, "workqueue_work_duration_seconds", "Time a worker was busy with a key");

  Family<Counter>& api_requests =
      counters(registry, "rest_client_requests_total", "Requests to the Kubernetes API by method and code");
  Family<Histogram>& api_durations = histograms(registry, "rest_client_request_duration_seconds",
                                                "Time a request to the Kubernetes API took, but for watches");
  Family<Counter>& events =
      counters(registry, "apiclient_events_total", "Events for people by what became of them");
  Family<Gauge>& leader = gauges(registry, "leader_election_master_status", "1 while this replica leads");

  Family<Counter>& backend_requests =
      counters(registry, "apiclient_backend_requests_total", "Calls of registries by operation and result");
  Family<Histogram>& backend_durations =
      histograms(registry, "apiclient_backend_request_duration_seconds",
                 "Time a call of a registry took, with its retries and the wait for its turn");
  Family<Counter>& registrations_lost =
      counters(registry, "apiclient_registrations_lost_total",
               "Registrations whose answer was lost: a client may be left in the registry for each");
  Family<Counter>& abandoned = counters(registry, "apiclient_clients_abandoned_total",
                                        "Clients given up at their deletion: they may still exist");
  Family<Gauge>& orphaned_clients = gauges(registry, "apiclient_sweep_orphaned_clients",
                                           "Clients of this installation without an ApiClient");
  Family<Gauge>& orphaned_secrets =
      gauges(registry, "apiclient_sweep_orphaned_secrets", "Published Secrets without an ApiClient");

  Family<Counter>& rotations =
      counters(registry, "apiclient_rotations_total", "Rotations by reason and result");

  Families() {
    gauges(registry, "apiclient_build_info", "1; the label is the version of the program")
        .Add({{"version", APICLIENT_VERSION}})
        .Set(1);
    for (const char* outcome : kEventOutcomes) events.Add({{"outcome", outcome}});
    for (const char* reason : kRotationReasons) rotations.Add({{"reason", reason}, {"result", "success"}});
    rotations.Add({{"reason", "Requested"}, {"result", "refused"}});
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

// Controllers
// -----------------------------------------------------------------------------------------------------

void Metrics::controller_made(std::string_view controller, std::size_t workers) {
  for (const char* result : kReconcileResults) {
    families_->reconciles.Add({{"controller", std::string(controller)}, {"result", result}});
  }
  families_->reconcile_errors.Add(of_controller(controller));
  families_->panics.Add(of_controller(controller));
  families_->durations.Add(of_controller(controller), kSeconds);
  families_->active_workers.Add(of_controller(controller));
  families_->workers.Add(of_controller(controller)).Set(static_cast<double>(workers));
  families_->retries.Add(of_queue(controller));
  families_->queue_durations.Add(of_queue(controller), kSeconds);
  families_->work_durations.Add(of_queue(controller), kSeconds);
}

void Metrics::reconcile_started(std::string_view controller, std::chrono::nanoseconds waited) {
  families_->active_workers.Add(of_controller(controller)).Increment();
  families_->queue_durations.Add(of_queue(controller), kSeconds).Observe(in_seconds(waited));
}

void Metrics::reconcile_ended(std::string_view controller, std::chrono::nanoseconds took) {
  families_->active_workers.Add(of_controller(controller)).Decrement();
  families_->work_durations.Add(of_queue(controller), kSeconds).Observe(in_seconds(took));
}

void Metrics::reconciled(std::string_view controller, std::string_view result,
                         std::chrono::nanoseconds took) {
  families_->reconciles.Add({{"controller", std::string(controller)}, {"result", std::string(result)}})
      .Increment();
  if (result == "error") families_->reconcile_errors.Add(of_controller(controller)).Increment();
  families_->durations.Add(of_controller(controller), kSeconds).Observe(in_seconds(took));
}

void Metrics::reconcile_panicked(std::string_view controller) {
  families_->panics.Add(of_controller(controller)).Increment();
}

void Metrics::retried(std::string_view controller) {
  families_->retries.Add(of_queue(controller)).Increment();
}

void Metrics::queue(std::string_view controller, std::size_t depth, std::uint64_t adds) {
  families_->depth.Add(of_queue(controller)).Set(static_cast<double>(depth));
  const std::scoped_lock lock(families_->adding);  // several may ask for the metrics at once
  Counter& counted = families_->adds.Add(of_queue(controller));
  counted.Increment(static_cast<double>(adds) - counted.Value());
}

// The Kubernetes API
// -----------------------------------------------------------------------------------------------------

void Metrics::api_request(std::string_view method, std::string_view code) {
  families_->api_requests.Add({{"method", std::string(method)}, {"code", std::string(code)}}).Increment();
}

void Metrics::api_request_took(std::string_view method, std::chrono::nanoseconds took) {
  families_->api_durations.Add({{"verb", std::string(method)}}, kSeconds).Observe(in_seconds(took));
}

void Metrics::event(std::string_view outcome) {
  families_->events.Add({{"outcome", std::string(outcome)}}).Increment();
}

void Metrics::leading(bool leader) {
  families_->leader.Add({{"name", "apiclient-operator"}}).Set(leader ? 1 : 0);
}

// Registries
// -----------------------------------------------------------------------------------------------------

void Metrics::registry_made(std::string_view registry) {
  families_->registrations_lost.Add(of_registry(registry));
  families_->abandoned.Add(of_registry(registry));
}

void Metrics::backend_request(std::string_view registry, std::string_view operation, std::string_view result,
                              std::chrono::nanoseconds took) {
  prometheus::Labels labels{{"registry", std::string(registry)}, {"operation", std::string(operation)}};
  families_->backend_durations.Add(labels, kSeconds).Observe(in_seconds(took));
  labels.emplace("result", result);
  families_->backend_requests.Add(labels).Increment();
}

void Metrics::registration_lost(std::string_view registry) {
  families_->registrations_lost.Add(of_registry(registry)).Increment();
}

void Metrics::client_abandoned(std::string_view registry) {
  families_->abandoned.Add(of_registry(registry)).Increment();
}

void Metrics::orphaned_clients(std::string_view registry, std::size_t count) {
  families_->orphaned_clients.Add(of_registry(registry)).Set(static_cast<double>(count));
}

void Metrics::forget_orphaned_clients(std::string_view registry) {
  families_->orphaned_clients.Remove(&families_->orphaned_clients.Add(of_registry(registry)));
}

void Metrics::orphaned_secrets(std::size_t count) {
  families_->orphaned_secrets.Add({}).Set(static_cast<double>(count));
}

// Rotations
// -----------------------------------------------------------------------------------------------------

void Metrics::rotated(std::string_view reason) {
  families_->rotations.Add({{"reason", std::string(reason)}, {"result", "success"}}).Increment();
}

void Metrics::rotation_refused() {
  families_->rotations.Add({{"reason", "Requested"}, {"result", "refused"}}).Increment();
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect()) + process_metrics();
}

}  // namespace apiclient::telemetry
