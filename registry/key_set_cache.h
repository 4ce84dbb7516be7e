#pragma once
// Key sets behind the jwks_uri of clients: fetched when needed, kept some minutes, fetched again when a key
// id is not among them. One slow server must not hold up the others: few requests fetch or wait at a time,
// the rest is told to come back. Thread-safe.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace apiclient::registry {

struct KeySet {
  std::string text;
  BootTime fetched_at{};
};

struct KeySetPacing {
  std::chrono::seconds fresh{300};       ///< used without asking
  std::chrono::seconds usable{3'600};    ///< used when its server does not answer
  std::chrono::seconds min_pause{10};    ///< between two requests to one URI
  std::size_t max_fetches = 4;           ///< at once
  std::size_t max_waiting = 4;           ///< for the fetch of another request
  std::chrono::seconds longest_wait{3};  ///< for it
  std::size_t max_uris = 1'000;
};

/// What is known of one URI.
struct KeySetState {
  std::optional<KeySet> keys;
  std::optional<BootTime> asked_at;
  bool fetching = false;
};

enum class KeySetStep { use, fetch, wait, give_up };
/// `newer_than`: the set of this time was not good enough. Pure.
KeySetStep next_key_set_step(const KeySetState& state, const KeySetPacing& pacing,
                             std::optional<BootTime> newer_than, BootTime now);

class KeySetCache {
 public:
  using Fetch = std::function<Result<std::string>(const std::string& uri)>;
  /// `clock` is not owned and lives longer. `fetch` is thread-safe and bounds its own time.
  KeySetCache(Fetch fetch, const Clock& clock, KeySetPacing pacing = {})
      : fetch_(std::move(fetch)), clock_(clock), pacing_(pacing) {}

  /// Errors: unavailable. With `newer_than`, the set of that time comes back when there is no newer one yet.
  Result<KeySet> get(const std::string& uri, std::optional<BootTime> newer_than = std::nullopt);

 private:
  using Entry = std::shared_ptr<KeySetState>;  // shared: it may be dropped from the map while it is fetched
  Entry entry_of(const std::string& uri);
  void make_room();
  void fetch_into(KeySetState& state, const std::string& uri, std::unique_lock<std::mutex>& lock);
  void wait_for(const KeySetState& state, std::unique_lock<std::mutex>& lock);

  const Fetch fetch_;
  const Clock& clock_;
  const KeySetPacing pacing_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  std::map<std::string, Entry> entries_;
  std::size_t fetches_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace apiclient::registry
