#include "reconciler/rollout.h"

#include <nlohmann/json.hpp>

#include "json/reader.h"

namespace apiclient::reconciler {
namespace {

std::int64_t number(const json::Reader& reader, std::string_view member) {
  return reader.optional_integer(member).value_or(0);
}

/// Absent means one (apps/v1 defaults).
std::int64_t wanted_replicas(const json::Reader& spec) {
  return spec.optional_integer("replicas").value_or(1);
}

bool is_observed(const json::Reader& workload) {
  const std::int64_t observed = number(workload.object("status"), "observedGeneration");
  return observed > 0 && observed >= number(workload.object("metadata"), "generation");
}

bool deadline_is_exceeded(const json::Reader& status) {
  bool exceeded = false;
  status.each("conditions", [&](const json::Reader& condition) {
    exceeded = exceeded || (condition.optional_text("type") == "Progressing" &&
                            condition.optional_text("reason") == "ProgressDeadlineExceeded");
  });
  return exceeded;
}

Rollout rollout_of_deployment(const json::Reader& spec, const json::Reader& status) {
  if (deadline_is_exceeded(status)) return Rollout::deadline_exceeded;
  const std::int64_t updated = number(status, "updatedReplicas");
  const bool complete = updated >= wanted_replicas(spec) && number(status, "replicas") <= updated &&
                        number(status, "availableReplicas") >= updated;
  if (complete) return Rollout::complete;
  return spec.optional_boolean("paused").value_or(false) ? Rollout::paused : Rollout::progressing;
}

Rollout rollout_of_stateful_set(const json::Reader& spec, const json::Reader& status) {
  const std::int64_t wanted = wanted_replicas(spec);
  const bool updated = number(status, "updatedReplicas") >= wanted;
  if (updated && number(status, "readyReplicas") >= wanted) return Rollout::complete;
  const json::Reader strategy = spec.object("updateStrategy");
  if (strategy.optional_text("type") == "OnDelete") return Rollout::on_delete;
  const bool keeps_back = number(strategy.object("rollingUpdate"), "partition") > 0;
  return keeps_back ? Rollout::partitioned : Rollout::progressing;
}

Rollout rollout_of_daemon_set(const json::Reader& spec, const json::Reader& status) {
  const std::int64_t wanted = number(status, "desiredNumberScheduled");
  const bool updated = number(status, "updatedNumberScheduled") >= wanted;
  if (updated && number(status, "numberAvailable") >= wanted) return Rollout::complete;
  const bool on_delete = spec.object("updateStrategy").optional_text("type") == "OnDelete";
  return on_delete ? Rollout::on_delete : Rollout::progressing;
}

}  // namespace

Rollout read_rollout(api::WorkloadKind kind, const Json& workload) {
  json::Problems problems;
  const json::Reader reader(workload, problems);
  if (!is_observed(reader)) return Rollout::progressing;
  const json::Reader spec = reader.object("spec");
  const json::Reader status = reader.object("status");
  Rollout rollout = Rollout::progressing;
  switch (kind) {
    case api::WorkloadKind::deployment: rollout = rollout_of_deployment(spec, status); break;
    case api::WorkloadKind::stateful_set: rollout = rollout_of_stateful_set(spec, status); break;
    case api::WorkloadKind::daemon_set: rollout = rollout_of_daemon_set(spec, status); break;
  }
  return problems.all().empty() ? rollout : Rollout::progressing;
}

std::string_view hindrance_of(Rollout rollout) {
  switch (rollout) {
    case Rollout::complete:
    case Rollout::progressing: return "";
    case Rollout::paused: return "it is paused";
    case Rollout::partitioned: return "its partition keeps pods back";
    case Rollout::on_delete: return "OnDelete: its pods have to be deleted";
    case Rollout::deadline_exceeded: return "its progress deadline is exceeded";
  }
  return "";
}

}  // namespace apiclient::reconciler
