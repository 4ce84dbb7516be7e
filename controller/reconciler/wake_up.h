#pragma once
// When an ApiClient that wants nothing now is looked at again. Pure, but for the jitter.

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "runtime/reconciler.h"

namespace apiclient::reconciler {

/// How long to sleep until this time: at least a moment, and at most some minutes at once, since wall clocks
/// are set while we wait. Empty: no time is given.
std::optional<std::chrono::milliseconds> sleep_until(const std::optional<WallTime>& time, WallTime now);

/// How long a planned rotation that stands in line waits before it asks for its turn again.
std::chrono::milliseconds turn_pause();

/// ±10 %, so that many clients do not look again at once.
std::chrono::milliseconds jittered(std::chrono::milliseconds interval);

/// The shorter of the two; an empty one does not count.
std::optional<std::chrono::milliseconds> sooner(std::optional<std::chrono::milliseconds> one,
                                                std::optional<std::chrono::milliseconds> other);

/// Empty: when something changes.
runtime::Action wake_in(std::optional<std::chrono::milliseconds> time);

}  // namespace apiclient::reconciler
