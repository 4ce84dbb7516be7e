#include "registry/last_used_recorder.h"

namespace apiclient::registry {

LastUsedRecorder::LastUsedRecorder(ClientStore& store, const Clock& clock, LastUsedPacing pacing)
    : store_(store),
      clock_(clock),
      backlog_(LastUsedBacklog(pacing)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void LastUsedRecorder::note(const std::string& secret_id) {
  const bool due_changed = backlog_.lock()->note(secret_id, clock_.wall_now(), clock_.now());
  if (due_changed) changed_.notify_one();
}

void LastUsedRecorder::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  write(backlog_.lock()->take_all());
}

void LastUsedRecorder::run(const std::stop_token& stop) {
  auto backlog = backlog_.lock();
  while (!stop.stop_requested()) {
    const auto due = backlog->next_due();
    const auto due_changed = [&] { return backlog->next_due() != due; };
    if (!due) {
      changed_.wait(backlog.handle(), stop, due_changed);
      continue;
    }
    if (clock_.now() < *due) {
      changed_.wait_for(backlog.handle(), stop, *due - clock_.now(), due_changed);
      continue;
    }
    const auto uses = backlog->take_due(clock_.now());
    backlog.handle().unlock();
    write(uses);
    backlog.handle().lock();
  }
}

void LastUsedRecorder::write(const std::vector<LastUse>& uses) {
  if (uses.empty()) return;
  if (const auto written = store_.record_last_used(uses); !written)
    log_.warning("cannot write last-used times", {{"error", written.error().message}});
}

}  // namespace apiclient::registry
