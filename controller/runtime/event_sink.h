#pragma once
// Where Events go. Implementations are thread-safe.

#include "kube/event.h"

namespace apiclient::runtime {

class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  /// Never waits and never fails: an Event that cannot be written is lost, and nothing else.
  virtual void record(kube::Event event) noexcept = 0;
};

}  // namespace apiclient::runtime
