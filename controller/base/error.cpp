#include "base/error.h"

#include <utility>

namespace apiclient {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::already_exists: return "already_exists";
    case ErrorKind::invalid: return "invalid";
    case ErrorKind::unauthorized: return "unauthorized";
    case ErrorKind::forbidden: return "forbidden";
    case ErrorKind::throttled: return "throttled";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::expired: return "expired";
    case ErrorKind::protocol: return "protocol";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

Error Error::in(std::string_view operation) && {
  message.insert(0, ": ").insert(0, operation);
  return std::move(*this);
}

Handling handling_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid: return Handling::give_up;
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::already_exists:
    case ErrorKind::unauthorized:
    case ErrorKind::forbidden:
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::timeout:
    case ErrorKind::cancelled:
    case ErrorKind::expired:
    case ErrorKind::protocol:
    case ErrorKind::internal: break;
  }
  return error.retry_after ? Handling::retry_at : Handling::retry;
}

bool outcome_unknown(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout ||
         error.kind == ErrorKind::protocol || error.kind == ErrorKind::internal;
}

}  // namespace apiclient
