#include "runtime/backlog.h"

#include <algorithm>
#include <iterator>

namespace apiclient::runtime {
namespace {

/// Sets are walked from the front, so the highest priority has the lowest rank.
int rank_of(Priority priority) { return -static_cast<int>(priority); }

}  // namespace

void Backlog::index(const Key& key, const Entry& entry) {
  if (entry.ready) {
    ready_.emplace(rank_of(entry.priority), entry.since, entry.order, key);
  } else {
    delayed_.emplace(entry.ready_at, entry.order, key);
  }
}

void Backlog::unindex(const Key& key, const Entry& entry) {
  if (entry.ready) {
    ready_.erase({rank_of(entry.priority), entry.since, entry.order, key});
  } else {
    delayed_.erase({entry.ready_at, entry.order, key});
  }
}

void Backlog::add(const Key& key, BootTime ready_at, Priority priority) {
  const bool parked = in_progress_.contains(key);
  const auto [found, is_new] = entries_.try_emplace(key, Entry{ready_at, priority, ready_at, next_order_});
  Entry& entry = found->second;
  if (is_new) {
    ++next_order_;
    ++adds_;
    if (!parked) index(key, entry);
    return;
  }
  if (ready_at >= entry.ready_at && priority <= entry.priority) return;
  if (!parked) unindex(key, entry);
  if (priority > entry.priority) {
    entry.priority = priority;
    entry.since = ready_at;
    entry.order = next_order_++;
  } else {
    entry.since = std::min(entry.since, ready_at);
  }
  entry.ready_at = std::min(entry.ready_at, ready_at);
  if (!parked) index(key, entry);
}

std::optional<Key> Backlog::take(BootTime now) {
  promote(now);
  if (ready_.empty()) return std::nullopt;
  Key key = std::get<Key>(ready_.extract(ready_.begin()).value());
  const auto entry = entries_.find(key);
  in_progress_.emplace(key, entry->second.since);
  entries_.erase(entry);
  return key;
}

void Backlog::done(const Key& key) {
  if (in_progress_.erase(key) == 0) return;
  if (const auto found = entries_.find(key); found != entries_.end()) index(key, found->second);
}

void Backlog::promote(BootTime now) {
  while (!delayed_.empty() && std::get<BootTime>(*delayed_.begin()) <= now) {
    const Key key = std::get<Key>(delayed_.extract(delayed_.begin()).value());
    Entry& entry = entries_.at(key);
    entry.ready = true;
    index(key, entry);
  }
}

std::optional<BootTime> Backlog::next_ready() const {
  if (!ready_.empty()) return BootTime::min();
  if (!delayed_.empty()) return std::get<BootTime>(*delayed_.begin());
  return std::nullopt;
}

std::size_t Backlog::due(BootTime now) const {
  const auto not_yet = std::find_if(delayed_.begin(), delayed_.end(),
                                    [now](const Delayed& entry) { return std::get<BootTime>(entry) > now; });
  return ready_.size() + static_cast<std::size_t>(std::distance(delayed_.begin(), not_yet));
}

}  // namespace apiclient::runtime
