#include "backend/circuit.h"

#include <algorithm>
#include <string>

namespace apiclient::backend {
namespace {

using std::chrono::milliseconds;

constexpr int kTooManyRequests = 429;

/// The registry, not the one request, is the matter.
std::optional<Error> failure_in(const Result<http::Response>& outcome) {
  if (!outcome) {
    const ErrorKind kind = outcome.error().kind;
    if (kind == ErrorKind::unavailable || kind == ErrorKind::timeout) return outcome.error();
    return std::nullopt;
  }
  const int status = outcome->status_code;
  if (status != kTooManyRequests && status < 500) return std::nullopt;
  return Error{.kind = status == kTooManyRequests ? ErrorKind::throttled : ErrorKind::unavailable,
               .message = "HTTP " + std::to_string(status),
               .status_code = status};
}

milliseconds asked_pause(const Result<http::Response>& outcome) {
  return outcome ? http::retry_after_of(*outcome) : milliseconds(0);
}

}  // namespace

std::optional<Error> Circuit::refusal(Caller caller, BootTime now) const {
  const bool quiet = now < quiet_until_;
  const bool closed_to_caller = open_ && caller == Caller::client;
  if (!quiet && !closed_to_caller) return std::nullopt;
  const std::string why = quiet ? "the registry asked for a pause" : "the registry has failed and is probed";
  Error error{.kind = cause_.kind,
              .message = "not sent: " + why + " (" + cause_.message + ")",
              .status_code = cause_.status_code,
              .code = std::string(kCircuitOpen)};
  if (quiet) error.retry_after = std::chrono::ceil<milliseconds>(quiet_until_ - now);
  return error;
}

void Circuit::note(const Result<http::Response>& outcome, BootTime now) {
  auto failure = failure_in(outcome);
  if (!failure) {
    if (outcome) failures_ = 0;
    return;
  }
  const milliseconds pause = asked_pause(outcome);
  if (pause.count() > 0) {
    quiet_until_ = std::max(quiet_until_, now + pause);
    cause_ = std::move(*failure);
    return;
  }
  if (++failures_ < kFailuresToOpen || open_) return;
  open_ = true;
  cause_ = std::move(*failure);
}

void Circuit::probe_succeeded() {
  failures_ = 0;
  open_ = false;
}

void Circuit::probe_failed(const Error& error) {
  // A probe that was itself refused says nothing new.
  if (error.kind == ErrorKind::cancelled || error.code == kCircuitOpen) return;
  open_ = true;
  cause_ = Error{.kind = error.kind, .message = error.message, .status_code = error.status_code};
}

}  // namespace apiclient::backend
