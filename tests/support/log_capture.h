#pragma once
// Collects the log lines that are written while it lives, instead of showing them. One at a time.

#include <memory>
#include <string>
#include <vector>

#include "telemetry/log.h"

namespace apiclient::test {

class LogCapture {
 public:
  explicit LogCapture(telemetry::LogOptions options = {.level = telemetry::LogLevel::trace});
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture();

  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace apiclient::test
