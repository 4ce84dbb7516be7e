#pragma once
// What the status says of consumers that could not be restarted. Pure.

#include <string>
#include <vector>

#include "reconciler/consumer.h"

namespace apiclient::reconciler {

/// For the condition RestartIncomplete; empty: all is well.
struct RestartReport {
  std::string reason = {};
  std::string message = {};
};

/// `targets` are those of the spec, in its order; `timed_out` were waited for until the older secret ended.
RestartReport report_restarts(const std::vector<Consumer>& consumers,
                              const std::vector<api::RestartTarget>& targets,
                              const std::vector<std::string>& timed_out);

/// "Deployment a, StatefulSet b".
std::string join_names(const std::vector<std::string>& names);

}  // namespace apiclient::reconciler
