#pragma once
// How slowly things are done on purpose. The test build of the controller links another definition, so that
// its tests need not wait.

#include <chrono>

namespace apiclient::reconciler {

/// Between two rotations of one client that do not say `now`.
std::chrono::milliseconds rotation_throttle();

/// Between two sweeps for what has no ApiClient any more.
std::chrono::milliseconds sweep_interval();

}  // namespace apiclient::reconciler
