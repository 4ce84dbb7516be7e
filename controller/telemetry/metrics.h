#pragma once
// The operator's metrics: one named method per metric, names as controller-runtime and client-go use them, so
// that existing dashboards work. Thread-safe. Hides prometheus-cpp.

#include <chrono>
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

  /// controller_runtime_reconcile_total, …_time_seconds; result is success, error, requeue or requeue_after.
  void reconciled(std::string_view controller, std::string_view result, std::chrono::nanoseconds took);
  /// controller_runtime_reconcile_panics_total.
  void reconcile_panicked(std::string_view controller);
  /// workqueue_depth.
  void queue_depth(std::string_view controller, std::size_t depth);
  /// rest_client_requests_total; code is an HTTP status or an ErrorKind.
  void api_request(std::string_view method, std::string_view code);
  /// apiclient_backend_requests_total.
  void backend_request(std::string_view registry, std::string_view operation, std::string_view result);
  /// apiclient_events_total; outcome is written, dropped (no room, no namespace) or failed.
  void event(std::string_view outcome);
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
  /// leader_election_master_status.
  void leading(bool leader);

  /// Prometheus text exposition format 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace apiclient::telemetry
