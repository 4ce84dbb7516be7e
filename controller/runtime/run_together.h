#pragma once
// Several threads that do one thing together: the first that fails ends the others.

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace apiclient::runtime {

/// Runs `body` `count` times at once, each in a thread named `name` and its number, and returns when all have
/// ended: when stopped, or when one has failed, whose error it returns.
Result<void> run_together(const std::string& name, std::size_t count,
                          const std::function<Result<void>(std::size_t number, std::stop_token stop)>& body,
                          const std::stop_token& stop);

}  // namespace apiclient::runtime
