#include "registry/key_set_cache.h"

#include <algorithm>
#include <utility>

namespace apiclient::registry {

KeySetStep next_key_set_step(const KeySetState& state, const KeySetPacing& pacing,
                             std::optional<BootTime> newer_than, BootTime now) {
  const bool known = state.keys && now < state.keys->fetched_at + pacing.usable;
  const bool good_enough = known && now < state.keys->fetched_at + pacing.fresh &&
                           (!newer_than || state.keys->fetched_at > *newer_than);
  if (good_enough) return KeySetStep::use;
  if (state.fetching) return KeySetStep::wait;
  if (state.asked_at && now < *state.asked_at + pacing.min_pause)
    return known ? KeySetStep::use : KeySetStep::give_up;
  return KeySetStep::fetch;
}

Result<KeySet> KeySetCache::get(const std::string& uri, std::optional<BootTime> newer_than) {
  std::unique_lock lock(mutex_);
  const Entry entry = entry_of(uri);
  const KeySetStep step = next_key_set_step(*entry, pacing_, newer_than, clock_.now());
  if (step == KeySetStep::fetch && fetches_ < pacing_.max_fetches) fetch_into(*entry, uri, lock);
  if (step == KeySetStep::wait && waiting_ < pacing_.max_waiting) wait_for(*entry, lock);
  const bool usable = entry->keys && clock_.now() < entry->keys->fetched_at + pacing_.usable;
  if (!usable) return fail(ErrorKind::unavailable, "the key set of the client cannot be read now");
  return *entry->keys;
}

KeySetCache::Entry KeySetCache::entry_of(const std::string& uri) {
  if (const auto found = entries_.find(uri); found != entries_.end()) return found->second;
  if (entries_.size() >= pacing_.max_uris) make_room();
  return entries_.emplace(uri, std::make_shared<KeySetState>()).first->second;
}

void KeySetCache::make_room() {
  const auto oldest = std::ranges::min_element(
      entries_, {}, [](const auto& pair) { return pair.second->asked_at.value_or(BootTime{}); });
  if (oldest != entries_.end()) entries_.erase(oldest);
}

void KeySetCache::fetch_into(KeySetState& state, const std::string& uri, std::unique_lock<std::mutex>& lock) {
  state.fetching = true;
  state.asked_at = clock_.now();
  ++fetches_;
  lock.unlock();
  auto text = fetch_(uri);
  lock.lock();
  --fetches_;
  state.fetching = false;
  if (text) state.keys = KeySet{.text = *std::move(text), .fetched_at = clock_.now()};
  fetched_.notify_all();
}

void KeySetCache::wait_for(const KeySetState& state, std::unique_lock<std::mutex>& lock) {
  ++waiting_;
  fetched_.wait_for(lock, pacing_.longest_wait, [&] { return !state.fetching; });
  --waiting_;
}

}  // namespace apiclient::registry
