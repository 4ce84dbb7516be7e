#include "runtime/work_queue.h"

#include <algorithm>
#include <utility>

namespace apiclient::runtime {
namespace {

/// Condition variables do not count time in suspend, our clock does: look again at least this often.
constexpr std::chrono::nanoseconds kLongestWait = std::chrono::seconds(10);

/// "Never" is later than any time.
BootTime time_or_never(std::optional<BootTime> time) { return time.value_or(BootTime::max()); }

}  // namespace

WorkQueue::WorkQueue(const Clock& clock) : clock_(clock) {}

template <typename Change>
void WorkQueue::apply(Change&& change) {
  const std::scoped_lock lock(mutex_);
  const BootTime before = time_or_never(backlog_.next_ready());
  std::forward<Change>(change)();
  // All of them: the one that would be woken alone may take another key and leave nobody to wait for this
  // one.
  if (time_or_never(backlog_.next_ready()) < before) changed_.notify_all();
}

void WorkQueue::add(const Key& key, Priority priority) {
  apply([&] { backlog_.add(key, clock_.now(), priority); });
}

void WorkQueue::add_after(const Key& key, std::chrono::milliseconds delay, Priority priority) {
  apply([&] { backlog_.add(key, clock_.now() + delay, priority); });
}

void WorkQueue::done(const Key& key) {
  apply([&] { backlog_.done(key); });
}

std::optional<Key> WorkQueue::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (auto key = backlog_.take(clock_.now())) return key;
    wait_beyond(lock, backlog_.next_ready(), stop);
  }
  return std::nullopt;
}

void WorkQueue::wait_beyond(std::unique_lock<std::mutex>& lock, std::optional<BootTime> known,
                            const std::stop_token& stop) {
  const auto changed = [&] { return backlog_.next_ready() != known; };
  if (!known) {
    changed_.wait(lock, stop, changed);
    return;
  }
  changed_.wait_for(lock, stop, std::min(*known - clock_.now(), kLongestWait), changed);
}

std::size_t WorkQueue::depth() const {
  const std::scoped_lock lock(mutex_);
  return backlog_.due(clock_.now());
}

std::uint64_t WorkQueue::adds() const {
  const std::scoped_lock lock(mutex_);
  return backlog_.adds();
}

std::chrono::nanoseconds WorkQueue::waited(const Key& key) const {
  const std::scoped_lock lock(mutex_);
  return clock_.now() - backlog_.due_since(key);
}

bool WorkQueue::idle() const {
  const std::scoped_lock lock(mutex_);
  return backlog_.due(clock_.now()) == 0 && backlog_.in_progress() == 0;
}

}  // namespace apiclient::runtime
