#pragma once
// The work queue's bookkeeping: each key waits at most once, is worked on by at most one worker, and a key
// added while it is being worked on runs again afterwards. Pure: no clock, lock or thread; time is an
// argument. Every operation is O(log n), but for `due`, which also counts what fell due since the last
// `take`.

#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/clock.h"
#include "kube/object_key.h"

namespace apiclient::runtime {

using Key = kube::ObjectKey;

/// Higher goes first; within one value by the time from which on they were due.
enum class Priority : int { resync = -100, normal = 0 };

class Backlog {
 public:
  /// Due at `ready_at`. A key that waits already keeps the earlier time and the higher priority; one that
  /// rises in priority goes to the end of its new class.
  void add(const Key& key, BootTime ready_at, Priority priority);
  /// The best key that is due and not being worked on; it is then being worked on until `done`.
  std::optional<Key> take(BootTime now);
  void done(const Key& key);

  /// When `take` could next give a key: at once (≤ now), at a time, or never (empty) unless something is
  /// added or done. Waiting for anything else would spin.
  [[nodiscard]] std::optional<BootTime> next_ready() const;
  /// Keys due now or later, without those being worked on.
  [[nodiscard]] std::size_t waiting() const { return ready_.size() + delayed_.size(); }
  [[nodiscard]] std::size_t due(BootTime now) const;
  [[nodiscard]] std::size_t in_progress() const { return in_progress_.size(); }
  /// Since when a key that is being worked on had been due when it was taken.
  [[nodiscard]] BootTime due_since(const Key& key) const { return in_progress_.at(key); }
  /// How often a key that did not wait yet was added.
  [[nodiscard]] std::uint64_t adds() const { return adds_; }

 private:
  struct Entry {
    BootTime ready_at;
    Priority priority = Priority::normal;
    BootTime since;           ///< place within the priority: when it was due, or when it rose
    std::uint64_t order = 0;  ///< of adds, where times are the same
    bool ready = false;       ///< indexed in ready_, not in delayed_
  };
  using Ready = std::tuple<int, BootTime, std::uint64_t, Key>;
  using Delayed = std::tuple<BootTime, std::uint64_t, Key>;

  void index(const Key& key, const Entry& entry);
  void unindex(const Key& key, const Entry& entry);
  /// Moves what is due by now from delayed_ to ready_.
  void promote(BootTime now);

  // An entry is in exactly one of the two indexes, or in none while its key is being worked on.
  std::unordered_map<Key, Entry> entries_;
  std::set<Ready> ready_;
  std::set<Delayed> delayed_;
  std::unordered_map<Key, BootTime> in_progress_;
  std::uint64_t adds_ = 0;
  std::uint64_t next_order_ = 0;
};

}  // namespace apiclient::runtime
