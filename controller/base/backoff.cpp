#include "base/backoff.h"

#include <algorithm>
#include <cmath>

namespace apiclient {

std::chrono::milliseconds Backoff::delay(int attempt, double random) const {
  const double limit = static_cast<double>(cap.count());
  const double grown = static_cast<double>(initial.count()) * std::pow(factor, std::clamp(attempt, 0, 1000));
  const double base = std::min(grown, limit);
  return std::chrono::milliseconds(
      static_cast<std::chrono::milliseconds::rep>(base * (1.0 + jitter * random)));
}

}  // namespace apiclient
