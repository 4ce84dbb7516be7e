#pragma once
// Keeps the Events that were recorded. Thread-safe.

#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "runtime/event_sink.h"

namespace apiclient::test {

class FakeEventSink final : public runtime::EventSink {
 public:
  void record(kube::Event event) noexcept override { events_.lock()->push_back(std::move(event)); }

  [[nodiscard]] std::vector<kube::Event> events() const { return events_.copy(); }
  /// "Normal Issued", in order.
  [[nodiscard]] std::vector<std::string> reasons() const {
    std::vector<std::string> texts;
    for (const kube::Event& event : events()) {
      texts.push_back(std::string(kube::to_string(event.type)) + " " + event.reason);
    }
    return texts;
  }
  [[nodiscard]] std::vector<std::string> notes() const {
    std::vector<std::string> texts;
    for (const kube::Event& event : events()) texts.push_back(event.note);
    return texts;
  }
  void clear() { events_.lock()->clear(); }

 private:
  Guarded<std::vector<kube::Event>> events_;
};

}  // namespace apiclient::test
