#pragma once
// Which writes a stream of Events comes to: an Event that is like one of the last six minutes becomes a
// series of it (as in client-go's recorder for events.k8s.io), and a series is written at most once a minute.
// Pure: no clock, lock or thread; time is an argument. Used by one thread.

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "kube/event.h"

namespace apiclient::runtime {

/// When something happened, in both kinds of time.
struct Moment {
  BootTime since_boot = {};
  WallTime wall = {};
};

struct EventWrite {
  kube::ObjectKey key = {};
  int count = 1;           ///< 1: create the Event; more: patch its series
  WallTime time = {};      ///< when it happened, or happened last
  kube::Event event = {};  ///< empty for a series
};

class EventSeries {
 public:
  static constexpr std::chrono::minutes kWindow{6};
  static constexpr std::chrono::minutes kPatchPeriod{1};
  /// Events of one object and reason that differ in their notes; the others join one series.
  static constexpr int kMostNotes = 10;
  static constexpr std::size_t kMostSeries = 1024;

  /// `key_if_new` is the name of the Event in case it begins a series.
  std::vector<EventWrite> observe(const kube::Event& event, const kube::ObjectKey& key_if_new, Moment now);
  /// Patches that have waited for their minute.
  std::vector<EventWrite> due(BootTime now);
  /// All patches that still wait.
  std::vector<EventWrite> finish();
  /// When `due` next has something; empty: not unless something is observed.
  [[nodiscard]] std::optional<BootTime> next_due() const;
  /// This Event is not in the cluster: the next one like it is created anew.
  void forget(const kube::ObjectKey& key);
  [[nodiscard]] std::size_t size() const { return series_.size(); }

 private:
  /// Uid of the object, reason, action, type, note.
  using Identity = std::tuple<std::string, std::string, std::string, kube::EventType, std::string>;
  struct Series {
    kube::ObjectKey key;
    int count = 1;
    int written_count = 1;
    Moment last_seen;
    BootTime last_written;

    [[nodiscard]] bool waits() const { return count > written_count; }
  };
  using Entries = std::map<Identity, Series>;

  [[nodiscard]] Identity identity_of(const kube::Event& event) const;
  static EventWrite patch_of(Series& series, BootTime now);
  /// Ends what has not been seen for the window, and the oldest when there are too many.
  void make_room(BootTime now, std::vector<EventWrite>& writes);

  Entries series_;
};

}  // namespace apiclient::runtime
