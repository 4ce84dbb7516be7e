#pragma once
// Which requests are sent again, and when. Pure.

#include <optional>

#include "base/backoff.h"
#include "base/result.h"
#include "http/message.h"

namespace apiclient::http {

struct RetryPolicy {
  int max_attempts = 5;
  Backoff backoff{
      .initial = std::chrono::milliseconds(50), .cap = std::chrono::milliseconds(2'000), .jitter = 0.5};
  /// A server that asks for a longer pause is left alone: the caller's queue waits better than a thread.
  std::chrono::milliseconds longest_pause{5'000};
};

/// Delay before the next attempt, or empty when the outcome stands. `attempt` counts from 1.
/// 429 is retried for every method (the server says it did nothing) when Retry-After is given and short; 5xx
/// with Retry-After likewise only for GET; transport errors only for GET.
std::optional<std::chrono::milliseconds> next_delay(const RetryPolicy& policy, Method method, int attempt,
                                                    const Result<Response>& outcome, double random);

}  // namespace apiclient::http
