#include "reconciler/restart_report.h"

#include <algorithm>

#include "api/conditions.h"

namespace apiclient::reconciler {
namespace {

std::string problem_of(const Consumer& consumer, std::size_t position) {
  const std::string field = "spec.restartTargets[" + std::to_string(position) + "]: ";
  const std::string name = consumer.target.text();
  if (consumer.access == Access::absent)
    return field + name + " does not exist; create it, or remove the item";
  return field + name +
         " cannot be restarted; give the operator the role for restart targets: " + consumer.refusal;
}

}  // namespace

std::string join_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

RestartReport report_restarts(const std::vector<Consumer>& consumers,
                              const std::vector<api::RestartTarget>& targets,
                              const std::vector<std::string>& timed_out) {
  RestartReport report;
  std::vector<std::string> problems;
  for (std::size_t position = 0; position < targets.size(); ++position) {
    const auto consumer = std::ranges::find(consumers, targets[position], &Consumer::target);
    if (consumer == consumers.end() || consumer->access == Access::found) continue;
    problems.push_back(problem_of(*consumer, position));
    const bool forbidden = consumer->access == Access::forbidden;
    if (forbidden || report.reason.empty()) {
      report.reason = forbidden ? api::reason::kRestartTargetForbidden : api::reason::kRestartTargetNotFound;
    }
  }
  if (!timed_out.empty()) {
    report.reason = api::reason::kRolloutTimedOut;
    problems.insert(problems.begin(),
                    "the older secret has ended, as the registry's maxOverlap says, before the "
                    "roll-out was complete of " +
                        join_names(timed_out));
  }
  for (const std::string& problem : problems)
    report.message.append(report.message.empty() ? "" : "; ").append(problem);
  return report;
}

}  // namespace apiclient::reconciler
