#pragma once
// Writes Events to the cluster from a thread of its own. Thread-safe. A bounded queue stands between the
// callers and the cluster; when it is full the oldest Event is dropped and counted. What cannot be written is
// lost, at once where its namespace takes none (it is going, or gone), after a few tries otherwise.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "kube/client.h"
#include "runtime/event_series.h"
#include "runtime/event_sink.h"
#include "runtime/runnable.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace apiclient::runtime {

struct EventRecorderOptions {
  kube::EventSource source = {};
  std::string field_manager = "apiclient-operator";
  std::size_t capacity = 1000;                   ///< Events that wait
  int tries = 3;                                 ///< of one write, when the server does not answer
  std::chrono::milliseconds retry_pause{1'000};  ///< between them
  std::chrono::milliseconds grace{2'000};        ///< for what waits when stop is requested
};

class EventRecorder final : public EventSink, public Runnable {
 public:
  /// `client`, `clock` and `metrics` outlive this.
  EventRecorder(kube::Writer& client, EventRecorderOptions options, const Clock& clock,
                telemetry::Metrics& metrics);

  void record(kube::Event event) noexcept override;
  [[nodiscard]] std::string name() const override { return "event recorder"; }
  Result<void> run(std::stop_token stop) override;

 private:
  struct Waiting {
    kube::Event event;
    Moment at;
  };
  [[nodiscard]] Moment moment() const { return {.since_boot = clock_.now(), .wall = clock_.wall_now()}; }
  /// Blocks until there is an Event, a series is due, or stop; empty for the last two.
  std::optional<Waiting> take(const std::stop_token& stop);
  std::optional<Waiting> take_if_any();
  std::vector<EventWrite> writes_of(const std::optional<Waiting>& waiting);
  void perform(const EventWrite& write, const std::stop_token& stop);
  Result<void> send(const EventWrite& write, const std::stop_token& stop);
  void settle(const EventWrite& write, Result<void> outcome, const std::stop_token& stop);
  /// What waits at the end, and the counts of series that were not written yet.
  void drain();

  kube::Writer& client_;
  const EventRecorderOptions options_;
  const Clock& clock_;
  telemetry::Metrics& metrics_;
  telemetry::Log log_;

  // Of the thread that runs.
  EventSeries series_;
  std::vector<EventWrite> cut_short_;  ///< stop was requested while they were under way
  bool failing_ = false;

  std::mutex mutex_;  ///< guards the queue
  std::condition_variable_any added_;
  std::deque<Waiting> queue_;
};

}  // namespace apiclient::runtime
