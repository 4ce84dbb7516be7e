#pragma once
// The admin API's bearer token, from a file that may be replaced at any time (as kubelet does with a mounted
// Secret). Each check looks at the file's stamp and reads it again when that changed. Thread-safe.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
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
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct State {
    Secret token;
    Stamp stamp;
    bool settled = false;  ///< the stamp is old enough that a later change must show in it
    bool complained = false;
  };

  AdminToken(std::string path, telemetry::Log log, State state)
      : path_(std::move(path)), log_(std::move(log)), state_(std::move(state)) {}
  static Stamp stamp_of(const std::string& path);
  static bool is_settled(const Stamp& stamp);
  static Result<State> read_state(const std::string& path);
  void refresh(State& state);

  const std::string path_;
  const telemetry::Log log_;
  Guarded<State> state_;
};

}  // namespace apiclient::registry
