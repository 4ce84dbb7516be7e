#include "runtime/controller.h"

#include <algorithm>
#include <utility>

#include "runtime/run_together.h"
#include "runtime/thread_entry.h"

namespace apiclient::runtime {
namespace {

/// A pass that is wanted this late is upkeep: it must not delay what people have just changed.
constexpr std::chrono::minutes kUpkeepFrom{1};

std::int64_t in_ms(std::chrono::nanoseconds duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// Somebody else was faster: part of the day's work, and the next pass sees it.
bool is_ordinary(const Error& error) {
  return error.kind == ErrorKind::conflict || error.kind == ErrorKind::cancelled;
}

}  // namespace

Controller::Controller(ControllerOptions options, WorkQueue& queue, Reconciler& reconciler,
                       telemetry::Metrics& metrics)
    : options_(std::move(options)),
      queue_(queue),
      reconciler_(reconciler),
      metrics_(metrics),
      limiter_(options_.backoff),
      log_(telemetry::Log().with({{"controller", options_.name}})) {
  metrics_.controller_made(options_.name, options_.workers);
}

Result<void> Controller::run(std::stop_token stop) {
  auto ended = run_together(
      options_.name, options_.workers,
      [this](std::size_t /*number*/, const std::stop_token& ending) { return work(ending); }, stop);
  if (!ended) return fail(std::move(ended).error().in("worker"));
  return {};
}

Result<void> Controller::work(const std::stop_token& stop) {
  while (const auto key = queue_.take(stop)) {
    pass(*key, stop);
    queue_.done(*key);
  }
  return {};
}

void Controller::pass(const Key& key, const std::stop_token& stop) {
  metrics_.reconcile_started(options_.name, queue_.waited(key));
  const BootTime started_at = BootClock::now();
  const auto outcome = reconcile_guarded(key, stop);
  const auto took = BootClock::now() - started_at;
  metrics_.reconcile_ended(options_.name, took);
  const bool interrupted = !outcome && outcome.error().kind == ErrorKind::cancelled && stop.stop_requested();
  if (!interrupted) settle(key, outcome, took);
}

Result<Action> Controller::reconcile_guarded(const Key& key, const std::stop_token& stop) {
  bool threw = true;
  auto outcome = run_guarded([&]() -> Result<Action> {
    auto result = reconciler_.reconcile(key, stop);
    threw = false;
    return result;
  });
  if (threw) metrics_.reconcile_panicked(options_.name);
  return outcome;
}

void Controller::settle(const Key& key, const Result<Action>& outcome, std::chrono::nanoseconds took) {
  outcome ? settle_success(key, *outcome, took) : settle_failure(key, outcome.error(), took);
}

void Controller::settle_success(const Key& key, const Action& action, std::chrono::nanoseconds took) {
  limiter_.forget(key);
  log_.debug("reconciled", {{"object", key.text()}, {"took_ms", in_ms(took)}});
  if (!action.after) return metrics_.reconciled(options_.name, "success", took);
  queue_.add_after(key, *action.after, *action.after >= kUpkeepFrom ? Priority::resync : Priority::normal);
  metrics_.reconciled(options_.name, "requeue_after", took);
}

void Controller::settle_failure(const Key& key, const Error& error, std::chrono::nanoseconds took) {
  metrics_.reconciled(options_.name, "error", took);
  if (handling_of(error) == Handling::give_up) {
    limiter_.forget(key);
    log_.warning("reconcile failed, waiting for a change",
                 {{"object", key.text()}, {"kind", to_string(error.kind)}, {"error", error.message}});
    return;
  }
  const auto delay = std::max(limiter_.next(key), error.retry_after.value_or(std::chrono::milliseconds(0)));
  queue_.add_after(key, delay);
  metrics_.retried(options_.name);
  const telemetry::Fields fields = {{"object", key.text()},
                                    {"kind", to_string(error.kind)},
                                    {"error", error.message},
                                    {"retry_in_ms", in_ms(delay)}};
  is_ordinary(error) ? log_.debug("reconcile again", fields) : log_.warning("reconcile failed", fields);
}

}  // namespace apiclient::runtime
