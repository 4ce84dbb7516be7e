#pragma once
// What went wrong, and how the caller may want to handle it.
// Plain values, safe to copy between threads. A message never contains a secret or a body of a reply.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace apiclient {

/// What happened. `handling_of` says what to do about it; the kind's name is the metric label.
enum class ErrorKind {
  not_found,       ///< a definite "it does not exist" from the server asked
  conflict,        ///< somebody changed it, or a precondition did not hold
  already_exists,  ///< a create met an object of that name
  invalid,         ///< refused as malformed or not allowed by a rule; the same request fails again
  unauthorized,    ///< the server does not know us
  forbidden,       ///< the server knows us and says no
  throttled,       ///< asked to come back later; nothing was done
  unavailable,     ///< no answer, or a 5xx: whether it was done is unknown for a write
  timeout,         ///< our own deadline passed: whether it was done is unknown for a write
  cancelled,       ///< we were asked to stop, or may not write any more (the lease is gone)
  expired,         ///< HTTP 410: the resource version or continue token is too old
  protocol,        ///< an answer that we cannot read (HTML, truncated or wrong JSON)
  internal,        ///< a bug on our side
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after = {};  ///< what the server asked for
  int status_code = 0;                                        ///< HTTP status, 0 when there was none
  std::string code = {};  ///< the server's own word: metav1.Status.reason, RFC 6749 "error", problem type

  /// The same error with "operation: " in front. Once per layer, so that errors read outside in.
  [[nodiscard]] Error in(std::string_view operation) &&;
};

/// What to do about a failed pass.
enum class Handling {
  retry,     ///< again, after back-off
  retry_at,  ///< again, after `retry_after`
  give_up,   ///< wait until somebody changes something
};

/// The one table from kind to handling.
Handling handling_of(const Error& error);

/// True when a write that failed so may still have been carried out, and we have to find out. False for
/// `cancelled`: what was under way then is found out by whoever works next.
bool outcome_unknown(const Error& error);

}  // namespace apiclient
