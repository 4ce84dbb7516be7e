#pragma once
// Builds and owns everything, in start order.

#include <stop_token>

#include "app/options.h"
#include "base/result.h"

namespace apiclient::app {

/// Runs the operator until stopped (success) or until it cannot go on (an error).
Result<void> run_controller(const Options& options, std::stop_token stop);

/// What main does: flags, logs, signals, run; the exit code is 0 stopped as asked, 1 failed, 2 usage.
int controller_main(int argc, const char* const* argv);

}  // namespace apiclient::app
