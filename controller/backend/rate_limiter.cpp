#include "backend/rate_limiter.h"

#include <algorithm>

namespace apiclient::backend {

using std::chrono::nanoseconds;

RateLimiter::RateLimiter(const RateLimit& limit) {
  if (limit.requests_per_second <= 0) return;
  const std::int64_t burst = limit.burst > 0 ? limit.burst : limit.requests_per_second;
  distance_ = nanoseconds(std::chrono::seconds(1)) / limit.requests_per_second;
  ahead_ = distance_ * (burst - 1);
}

nanoseconds RateLimiter::wait_for_place(BootTime now) const {
  return std::max(nanoseconds(0), next_ - ahead_ - now);
}

std::optional<nanoseconds> RateLimiter::reserve(BootTime now, nanoseconds longest) {
  if (distance_.count() == 0) return nanoseconds(0);
  const nanoseconds wait = wait_for_place(now);
  if (wait > longest) return std::nullopt;
  next_ = std::max(next_, now) + distance_;
  return wait;
}

}  // namespace apiclient::backend
