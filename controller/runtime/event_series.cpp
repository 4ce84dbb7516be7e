#include "runtime/event_series.h"

#include <algorithm>

namespace apiclient::runtime {

std::vector<EventWrite> EventSeries::observe(const kube::Event& event, const kube::ObjectKey& key_if_new,
                                             Moment now) {
  std::vector<EventWrite> writes;
  make_room(now.since_boot, writes);
  const auto [entry, is_new] = series_.try_emplace(
      identity_of(event), Series{.key = key_if_new, .last_seen = now, .last_written = now.since_boot});
  Series& series = entry->second;
  if (is_new) {
    writes.push_back({.key = key_if_new, .time = now.wall, .event = event});
    return writes;
  }
  ++series.count;
  series.last_seen = now;
  const bool first_repetition = series.written_count == 1;
  if (first_repetition || now.since_boot - series.last_written >= kPatchPeriod)
    writes.push_back(patch_of(series, now.since_boot));
  return writes;
}

std::vector<EventWrite> EventSeries::due(BootTime now) {
  std::vector<EventWrite> writes;
  for (auto& [identity, series] : series_) {
    if (series.waits() && now - series.last_written >= kPatchPeriod) writes.push_back(patch_of(series, now));
  }
  return writes;
}

std::vector<EventWrite> EventSeries::finish() {
  std::vector<EventWrite> writes;
  for (auto& [identity, series] : series_) {
    if (series.waits()) writes.push_back(patch_of(series, series.last_seen.since_boot));
  }
  series_.clear();
  return writes;
}

std::optional<BootTime> EventSeries::next_due() const {
  std::optional<BootTime> next;
  for (const auto& [identity, series] : series_) {
    if (!series.waits()) continue;
    const BootTime due = series.last_written + kPatchPeriod;
    if (!next || due < *next) next = due;
  }
  return next;
}

void EventSeries::forget(const kube::ObjectKey& key) {
  std::erase_if(series_, [&key](const auto& entry) { return entry.second.key == key; });
}

EventSeries::Identity EventSeries::identity_of(const kube::Event& event) const {
  Identity identity{event.regarding.uid, event.reason, event.action, event.type, event.note};
  if (series_.contains(identity)) return identity;
  // Notes that never repeat, as with a number in them, must not become an Event each.
  auto& [uid, reason, action, type, note] = identity;
  const std::string wanted = std::exchange(note, "");
  int notes = 0;
  for (auto entry = series_.lower_bound(identity); entry != series_.end(); ++entry) {
    const auto& other = entry->first;
    const bool alike = std::tie(std::get<0>(other), std::get<1>(other), std::get<2>(other),
                                std::get<3>(other)) == std::tie(uid, reason, action, type);
    if (!alike || ++notes >= kMostNotes) break;
  }
  if (notes < kMostNotes) note = wanted;
  return identity;
}

EventWrite EventSeries::patch_of(Series& series, BootTime now) {
  series.written_count = series.count;
  series.last_written = now;
  return {.key = series.key, .count = series.count, .time = series.last_seen.wall};
}

void EventSeries::make_room(BootTime now, std::vector<EventWrite>& writes) {
  const auto end = [&](Entries::iterator entry) {
    if (entry->second.waits()) writes.push_back(patch_of(entry->second, now));
    return series_.erase(entry);
  };
  for (auto entry = series_.begin(); entry != series_.end();) {
    entry = now - entry->second.last_seen.since_boot >= kWindow ? end(entry) : std::next(entry);
  }
  if (series_.size() < kMostSeries) return;
  end(std::min_element(series_.begin(), series_.end(), [](const auto& left, const auto& right) {
    return left.second.last_seen.since_boot < right.second.last_seen.since_boot;
  }));
}

}  // namespace apiclient::runtime
