#pragma once
// Growing delays. Pure.

#include <chrono>

namespace apiclient {

/// initial × factor^attempt, capped, plus up to `jitter` of itself.
struct Backoff {
  std::chrono::milliseconds initial{800};
  std::chrono::milliseconds cap{30'000};
  double factor = 2.0;
  double jitter = 0.0;  ///< 0.1 adds up to 10 %

  /// `attempt` counts from 0; `random` is uniform in [0, 1). Never overflows.
  [[nodiscard]] std::chrono::milliseconds delay(int attempt, double random = 0.0) const;
};

}  // namespace apiclient
