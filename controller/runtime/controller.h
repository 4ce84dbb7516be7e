#pragma once
// Queue + workers + one reconciler. `settle` is the one place that turns the outcome of a pass into queue,
// metric and log line.

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "runtime/rate_limiter.h"
#include "runtime/reconciler.h"
#include "runtime/runnable.h"
#include "runtime/work_queue.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace apiclient::runtime {

struct ControllerOptions {
  std::string name;         ///< label of metrics and log lines
  std::size_t workers = 4;  ///< threads
  Backoff backoff{.initial = std::chrono::milliseconds(50), .cap = std::chrono::minutes(5), .jitter = 0.2};
};

class Controller final : public Runnable {
 public:
  /// Everything given outlives this. The queue belongs to the caller, so that informers can feed it before.
  Controller(ControllerOptions options, WorkQueue& queue, Reconciler& reconciler,
             telemetry::Metrics& metrics);

  [[nodiscard]] std::string name() const override { return options_.name; }
  /// Runs the workers; when stopped, passes that run are finished first. Run it once at a time.
  Result<void> run(std::stop_token stop) override;
  /// Brings the gauges up to date; called when somebody asks for the metrics.
  void report_queue() { metrics_.queue(options_.name, queue_.depth(), queue_.adds()); }

 private:
  /// The body of one worker.
  Result<void> work(const std::stop_token& stop);
  void pass(const Key& key, const std::stop_token& stop);
  /// Any exception becomes an `internal` error and is counted.
  Result<Action> reconcile_guarded(const Key& key, const std::stop_token& stop);
  void settle(const Key& key, const Result<Action>& outcome, std::chrono::nanoseconds took);
  void settle_success(const Key& key, const Action& action, std::chrono::nanoseconds took);
  void settle_failure(const Key& key, const Error& error, std::chrono::nanoseconds took);

  ControllerOptions options_;
  WorkQueue& queue_;
  Reconciler& reconciler_;
  telemetry::Metrics& metrics_;
  RateLimiter limiter_;
  telemetry::Log log_;
};

}  // namespace apiclient::runtime
