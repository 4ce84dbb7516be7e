#include "runtime/rate_limiter.h"

#include <limits>

#include "base/random.h"

namespace apiclient::runtime {

RateLimiter::RateLimiter(Backoff backoff) : backoff_(backoff) {}

std::chrono::milliseconds RateLimiter::next(const kube::ObjectKey& key) {
  int attempt = 0;
  {
    auto failures = failures_.lock();
    int& count = (*failures)[key];
    attempt = count;
    if (count < std::numeric_limits<int>::max()) ++count;
  }
  return backoff_.delay(attempt, random_unit());
}

void RateLimiter::forget(const kube::ObjectKey& key) { failures_.lock()->erase(key); }

}  // namespace apiclient::runtime
