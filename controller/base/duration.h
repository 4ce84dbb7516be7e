#pragma once
// Durations as people write them in our resources: "1w2d", "90m", "500ms". Pure functions.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace apiclient {

/// Units w, d, h, m, s, ms in this order, each at most once, whole numbers.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest such text: 5400000 ms is "1h30m"; zero is "0s".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace apiclient
