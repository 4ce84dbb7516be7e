#pragma once
// RFC 3339 times as Kubernetes writes them. Pure functions.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace apiclient {

/// metav1.Time: whole seconds, "2026-01-02T03:04:05Z".
std::string format_rfc3339(WallTime time);
/// metav1.MicroTime: exactly six fractional digits (the API server refuses any other number of them).
std::string format_rfc3339_micro(WallTime time);
/// Accepts 0 to 9 fractional digits and any offset.
Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace apiclient
