#pragma once
// The circuit breaker of one registry. Pure: no clock, lock or thread; time is an argument. Closed: requests
// pass. Open: only probes pass; it opens at several failures in a row or at a probe that fails, and only a
// probe that succeeds as a whole closes it. Quiet: nothing passes until the time that the registry asked for
// (Retry-After of a 429 or 5xx, RFC 9110 §10.2.3).

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

namespace apiclient::backend {

/// `Error::code` of a request that was not sent, and of the failure that opened the circuit. Kind and status
/// are those of the failure, so that all requests of one outage fail for the same reason.
inline constexpr std::string_view kCircuitOpen = "circuit_open";

enum class Caller { client, probe };

class Circuit {
 public:
  static constexpr int kFailuresToOpen = 3;

  /// Empty: send it. Else why not; `retry_after` is set while the registry wants to be left alone.
  [[nodiscard]] std::optional<Error> refusal(Caller caller, BootTime now) const;
  /// What came of one request.
  void note(const Result<http::Response>& outcome, BootTime now);

  void probe_succeeded();
  void probe_failed(const Error& error);

  [[nodiscard]] bool is_open() const { return open_; }

 private:
  bool open_ = false;
  int failures_ = 0;  ///< in a row
  Error cause_;       ///< of being open or quiet
  BootTime quiet_until_;
};

}  // namespace apiclient::backend
