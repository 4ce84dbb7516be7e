#pragma once
// Writes last-used times in the background, so that issuing a token costs no write. What waits is written by
// `stop` and the destructor; a crash may lose the last minute of it. Thread-safe.

#include <condition_variable>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "registry/client_store.h"
#include "registry/last_used_backlog.h"
#include "telemetry/log.h"

namespace apiclient::registry {

class LastUsedRecorder {
 public:
  /// References are not owned and live longer.
  LastUsedRecorder(ClientStore& store, const Clock& clock, LastUsedPacing pacing = {});
  LastUsedRecorder(const LastUsedRecorder&) = delete;
  LastUsedRecorder& operator=(const LastUsedRecorder&) = delete;
  ~LastUsedRecorder() { stop(); }

  void note(const std::string& secret_id);
  void stop();

 private:
  void run(const std::stop_token& stop);
  void write(const std::vector<LastUse>& uses);

  ClientStore& store_;
  const Clock& clock_;
  const telemetry::Log log_;
  Guarded<LastUsedBacklog> backlog_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

}  // namespace apiclient::registry
