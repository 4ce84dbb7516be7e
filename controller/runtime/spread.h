#pragma once
// Many keys at a bounded rate. Pure.

#include <chrono>
#include <cstddef>

namespace apiclient::runtime {

/// When number `index` (from 0) of many is due at `per_second`; `random`, uniform in [0, 1), moves it within
/// its own slot, so that no two sets of keys march in step.
inline std::chrono::milliseconds spread_delay(std::size_t index, double per_second, double random) {
  const double slot = (static_cast<double>(index) + random) / per_second;
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(slot * 1'000.0));
}

}  // namespace apiclient::runtime
