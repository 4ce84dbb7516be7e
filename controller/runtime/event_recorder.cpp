#include "runtime/event_recorder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/random.h"
#include "runtime/pause.h"

namespace apiclient::runtime {
namespace {

/// Condition variables do not count time in suspend, our clock does: look again at least this often.
constexpr std::chrono::nanoseconds kLongestWait = std::chrono::seconds(10);
constexpr std::size_t kSuffixDigits = 16;

bool may_pass(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout ||
         error.kind == ErrorKind::throttled;
}

/// The namespace is going or gone, or the Event of a series is.
bool has_no_place(const Error& error) {
  return error.kind == ErrorKind::not_found || error.code == "NamespaceTerminating";
}

}  // namespace

EventRecorder::EventRecorder(kube::Writer& client, EventRecorderOptions options, const Clock& clock,
                             telemetry::Metrics& metrics)
    : client_(client), options_(std::move(options)), clock_(clock), metrics_(metrics) {}

void EventRecorder::record(kube::Event event) noexcept {
  try {
    Waiting waiting{.event = std::move(event), .at = moment()};
    bool dropped = false;
    {
      const std::scoped_lock lock(mutex_);
      dropped = queue_.size() >= options_.capacity;
      if (dropped) queue_.pop_front();
      queue_.push_back(std::move(waiting));
    }
    added_.notify_one();
    if (dropped) metrics_.event("dropped");
  } catch (...) {
    // No memory for it: the caller's work is worth more than the news of it.
    return;
  }
}

Result<void> EventRecorder::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    for (const EventWrite& write : writes_of(take(stop))) perform(write, stop);
  }
  drain();
  return {};
}

std::optional<EventRecorder::Waiting> EventRecorder::take(const std::stop_token& stop) {
  const auto due = series_.next_due();
  std::chrono::nanoseconds patience = kLongestWait;
  if (due) patience = std::clamp<std::chrono::nanoseconds>(*due - clock_.now(), {}, kLongestWait);
  {
    std::unique_lock lock(mutex_);
    added_.wait_for(lock, stop, patience, [this] { return !queue_.empty(); });
  }
  return take_if_any();
}

std::optional<EventRecorder::Waiting> EventRecorder::take_if_any() {
  const std::scoped_lock lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  std::optional<Waiting> first = std::move(queue_.front());
  queue_.pop_front();
  return first;
}

std::vector<EventWrite> EventRecorder::writes_of(const std::optional<Waiting>& waiting) {
  std::vector<EventWrite> writes = series_.due(clock_.now());
  if (!waiting) return writes;
  const kube::ObjectKey key = kube::event_key(waiting->event.regarding, random_id().substr(0, kSuffixDigits));
  std::ranges::move(series_.observe(waiting->event, key, waiting->at), std::back_inserter(writes));
  return writes;
}

void EventRecorder::perform(const EventWrite& write, const std::stop_token& stop) {
  Result<void> outcome = send(write, stop);
  for (int tried = 1; tried < options_.tries && !outcome && may_pass(outcome.error()); ++tried) {
    pause(options_.retry_pause, stop);
    outcome = send(write, stop);
  }
  settle(write, std::move(outcome), stop);
}

Result<void> EventRecorder::send(const EventWrite& write, const std::stop_token& stop) {
  if (write.count > 1) {
    RETURN_IF_ERROR(client_.merge_patch(kube::kEvents, write.key,
                                        kube::write_event_series(write.count, write.time),
                                        options_.field_manager, stop));
    return {};
  }
  const Json object = kube::write_event(write.event, write.key, options_.source, write.time);
  const auto created = client_.create(kube::kEvents, object, options_.field_manager, stop);
  // The name is random: it is this very Event, whose reply was lost.
  if (!created && created.error().kind != ErrorKind::already_exists) return fail(created.error());
  return {};
}

void EventRecorder::settle(const EventWrite& write, Result<void> outcome, const std::stop_token& stop) {
  if (outcome) {
    failing_ = false;
    return metrics_.event("written");
  }
  const Error& error = outcome.error();
  if (error.kind == ErrorKind::cancelled && stop.stop_requested()) return cut_short_.push_back(write);
  series_.forget(write.key);
  if (has_no_place(error)) {
    log_.debug("Event has no place", {{"event", write.key.text()}, {"error", error.message}});
    return metrics_.event("dropped");
  }
  metrics_.event("failed");
  const telemetry::Fields fields{{"event", write.key.text()}, {"error", error.message}};
  std::exchange(failing_, true) ? log_.debug("Event lost", fields) : log_.warning("Event lost", fields);
}

void EventRecorder::drain() {
  std::stop_source give_up;
  const std::jthread timer([&](const std::stop_token& done) {
    pause(options_.grace, done);
    give_up.request_stop();
  });
  const std::stop_token stop = give_up.get_token();
  for (const EventWrite& write : std::exchange(cut_short_, {})) perform(write, stop);
  while (const auto waiting = take_if_any()) {
    for (const EventWrite& write : writes_of(waiting)) perform(write, stop);
    if (stop.stop_requested()) return;
  }
  for (const EventWrite& write : series_.finish()) perform(write, stop);
}

}  // namespace apiclient::runtime
