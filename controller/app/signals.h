#pragma once
// SIGTERM and SIGINT as a stop request.

#include <stop_token>
#include <thread>

namespace apiclient::app {

/// Blocks the signals in this thread and all that it starts: construct it first in main. A second signal
/// while stopping ends the process at once.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread waiter_;
};

}  // namespace apiclient::app
