#pragma once
// The admin API's bearer token, from a file that may be replaced at any time (as kubelet does with a mounted
// Secret). Each check looks at the file's stamp and reads it again when that changed. Thread-safe.

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file_stamp.h"
#include "base/guarded.h"
#include "base/result.h"
#include "base/secret.h"
#include "telemetry/log.h"

namespace apiclient::registry {

class AdminToken {
 public:
  /// `log` gets a line when the file changes or cannot be read; the last good token stays in force then.
  static Result<std::unique_ptr<AdminToken>> load(const std::string& path, bool create_missing,
                                                  telemetry::Log log);

  /// `authorization`: the header's value. RFC 6750 §2.1; constant time for tokens of the right length.
  [[nodiscard]] bool accepts(std::string_view authorization);

 private:
  struct State {
    Secret token;
    FileStamp stamp;
    bool settled = false;  ///< the stamp was, when the file was read
    bool complained = false;
  };

  AdminToken(std::string path, telemetry::Log log, State state)
      : path_(std::move(path)), log_(std::move(log)), state_(std::move(state)) {}
  static Result<State> read_state(const std::string& path);
  void refresh(State& state);

  const std::string path_;
  const telemetry::Log log_;
  Guarded<State> state_;
};

}  // namespace apiclient::registry
