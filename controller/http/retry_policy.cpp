#include "http/retry_policy.h"

#include <algorithm>

namespace apiclient::http {
namespace {

constexpr int kTooManyRequests = 429;

bool is_transport_failure(const Error& error) {
  // A code says that somebody below knows more: the circuit is open.
  return error.kind == ErrorKind::unavailable && error.status_code == 0 && error.code.empty();
}

/// The server's wish decides whether a response is retried at all: without it nobody said that it would help.
std::optional<std::chrono::milliseconds> delay_after_response(const RetryPolicy& policy, Method method,
                                                              const Response& response, double random) {
  const bool nothing_was_done = response.status_code == kTooManyRequests;
  const bool harmless = response.status_code >= 500 && method == Method::get;
  if (!nothing_was_done && !harmless) return std::nullopt;
  if (find_header(response.headers, "Retry-After").empty()) return std::nullopt;
  const auto asked = retry_after_of(response);
  if (asked > policy.longest_pause) return std::nullopt;
  return std::max(asked, policy.backoff.delay(0, random));
}

}  // namespace

std::optional<std::chrono::milliseconds> next_delay(const RetryPolicy& policy, Method method, int attempt,
                                                    const Result<Response>& outcome, double random) {
  if (attempt >= policy.max_attempts) return std::nullopt;
  if (outcome) return delay_after_response(policy, method, *outcome, random);
  if (method != Method::get || !is_transport_failure(outcome.error())) return std::nullopt;
  return policy.backoff.delay(attempt - 1, random);
}

}  // namespace apiclient::http
