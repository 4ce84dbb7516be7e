#pragma once
// Watch events and the decoder that makes them from the bytes of a stream. WatchDecoder is not thread-safe.

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "json/json.h"

namespace apiclient::kube {

/// ADDED and MODIFIED are the same to a store: the object is now this.
struct ObjectChanged {
  Json object;
};
/// The last state of an object that is gone (or has left the selection).
struct ObjectDeleted {
  Json object;
};
/// Only the resource version moves. `initial_events_end`: annotation k8s.io/initial-events-end.
struct Bookmark {
  std::string resource_version;
  bool initial_events_end = false;
};
using WatchEvent = std::variant<ObjectChanged, ObjectDeleted, Bookmark>;

/// Frames newline-separated JSON that arrives in pieces of any size; each byte is looked at once.
class WatchDecoder {
 public:
  explicit WatchDecoder(std::function<Result<void>(WatchEvent&&)> on_event,
                        std::size_t max_line = 16U << 20U);

  /// Errors: protocol (line too long, not JSON, unknown event type), the error of an ERROR event, or what
  /// `on_event` returned.
  Result<void> feed(std::string_view chunk);
  /// At the end of the stream: an unfinished line is `unavailable` (the stream was cut).
  Result<void> finish() const;

 private:
  Result<void> decode_line(std::string_view line);
  std::function<Result<void>(WatchEvent&&)> on_event_;
  std::size_t max_line_;
  std::string pending_;
};

}  // namespace apiclient::kube
