#pragma once
// Lists and watches one type and feeds what it sees to a sink, for ever, until stopped. One thread runs it;
// all sink calls come from that thread. An error of the sink ends the list or watch under way, which then
// starts anew.

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "base/backoff.h"
#include "base/clock.h"
#include "kube/client.h"
#include "runtime/watch_state.h"
#include "telemetry/log.h"

namespace apiclient::runtime {

struct ReflectorOptions {
  kube::ResourceType type;
  std::string namespace_name = {};  ///< empty: all namespaces
  std::string object_name = {};     ///< empty: any
  std::string label_selector = {};
  kube::Content content = kube::Content::full;
  std::chrono::seconds shortest_watch{300};  ///< the server is asked for a time between this and twice this
  Backoff backoff{.initial = std::chrono::milliseconds(800), .cap = std::chrono::seconds(30), .jitter = 1.0};
  std::chrono::minutes backoff_reset{2};  ///< this long without a failure starts the back-off anew
};

class ReflectorSink {
 public:
  ReflectorSink() = default;
  ReflectorSink(const ReflectorSink&) = delete;
  ReflectorSink& operator=(const ReflectorSink&) = delete;
  virtual ~ReflectorSink() = default;

  virtual void list_started() = 0;  ///< drop what an unfinished list left
  virtual Result<void> listed(Json&& object) = 0;
  virtual void list_finished() = 0;  ///< now replace: objects that were not listed are gone
  virtual Result<void> changed(Json&& object) = 0;
  virtual Result<void> deleted(Json&& object) = 0;
};

class Reflector {
 public:
  Reflector(kube::Reader& reader, ReflectorOptions options, ReflectorSink& sink, const Clock& clock);
  void run(const std::stop_token& stop);

 private:
  WatchOutcome act(const WatchState& state, const std::stop_token& stop);
  WatchOutcome list(const NeedsList& state, const std::stop_token& stop);
  WatchOutcome watch(const Watching& state, const std::stop_token& stop);
  Result<void> apply(kube::WatchEvent&& event, WatchEnded& seen);
  /// The next delay of the back-off, or what the server asked for when that is longer.
  std::chrono::milliseconds next_delay(const WatchOutcome& outcome);
  void report(const WatchOutcome& outcome);

  kube::Reader& reader_;
  ReflectorOptions options_;
  ReflectorSink& sink_;
  const Clock& clock_;
  telemetry::Log log_;

  std::string last_version_;  ///< newest version ever seen
  bool synced_ = false;
  int failures_ = 0;  ///< back-offs since the last reset
  std::optional<BootTime> failed_at_;
};

/// metadata.namespace and metadata.name; empty members when missing.
kube::ObjectKey key_of(const Json& object);

}  // namespace apiclient::runtime
