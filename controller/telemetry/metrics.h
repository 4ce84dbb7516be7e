#pragma once
// The operator's metrics: one named method per metric, names as controller-runtime and client-go use them, so
// that existing dashboards work. Thread-safe. Hides prometheus-cpp.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace apiclient::telemetry {

class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // Controllers. controller_runtime_* and workqueue_* have the same labels, `controller` and `name`.
  /// Shows all of its series, at zero, before anything happens.
  void controller_made(std::string_view controller, std::size_t workers);
  /// controller_runtime_active_workers, workqueue_queue_duration_seconds: a key that was due for so long.
  void reconcile_started(std::string_view controller, std::chrono::nanoseconds waited);
  /// controller_runtime_active_workers, workqueue_work_duration_seconds: whatever came of it.
  void reconcile_ended(std::string_view controller, std::chrono::nanoseconds took);
  /// controller_runtime_reconcile_total, …_errors_total, …_time_seconds; result is success, error or
  /// requeue_after. A pass that was interrupted by the end of the program has none.
  void reconciled(std::string_view controller, std::string_view result, std::chrono::nanoseconds took);
  /// controller_runtime_reconcile_panics_total.
  void reconcile_panicked(std::string_view controller);
  /// workqueue_retries_total.
  void retried(std::string_view controller);
  /// workqueue_depth, workqueue_adds_total.
  void queue(std::string_view controller, std::size_t depth, std::uint64_t adds);

  // The Kubernetes API.
  /// rest_client_requests_total; code is an HTTP status or an ErrorKind.
  void api_request(std::string_view method, std::string_view code);
  /// rest_client_request_duration_seconds: not of watches.
  void api_request_took(std::string_view method, std::chrono::nanoseconds took);
  /// apiclient_events_total; outcome is written, dropped (no room, no namespace) or failed.
  void event(std::string_view outcome);
  /// leader_election_master_status.
  void leading(bool leader);

  // Registries.
  /// Shows its counters, at zero.
  void registry_made(std::string_view registry);
  /// apiclient_backend_requests_total, apiclient_backend_request_duration_seconds.
  void backend_request(std::string_view registry, std::string_view operation, std::string_view result,
                       std::chrono::nanoseconds took);
  /// apiclient_registrations_lost_total: answers that never came; a client may be left behind for each.
  void registration_lost(std::string_view registry);
  /// apiclient_clients_abandoned_total: released without their registry.
  void client_abandoned(std::string_view registry);
  /// apiclient_sweep_orphaned_clients: clients in it that have no ApiClient.
  void orphaned_clients(std::string_view registry, std::size_t count);
  /// The registry has gone.
  void forget_orphaned_clients(std::string_view registry);
  /// apiclient_sweep_orphaned_secrets: published Secrets that have no ApiClient.
  void orphaned_secrets(std::size_t count);

  // Rotations.
  /// apiclient_rotations_total, with result="success": a new secret is published in place of another.
  void rotated(std::string_view reason);
  /// ... with result="refused": nothing was done for the token.
  void rotation_refused();

  /// Prometheus text exposition format 0.0.4, those of the process included.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace apiclient::telemetry
