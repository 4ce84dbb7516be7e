#pragma once
// How far the roll-out of a workload is, from the object as the API server has it. Pure. The rules are those
// of `kubectl rollout status`, but for one: a pod that is kept back on purpose (by a partition, OnDelete or a
// pause) is not rolled out, because it goes on with the old secret. What cannot be read is not complete.

#include <string_view>

#include "api/restart_target.h"
#include "json/json.h"

namespace apiclient::reconciler {

enum class Rollout {
  complete,           ///< every pod has the present template and is available
  progressing,        ///< goes on by itself
  paused,             ///< Deployment: spec.paused
  partitioned,        ///< StatefulSet: pods below the partition stay as they are
  on_delete,          ///< a pod is replaced when somebody deletes it
  deadline_exceeded,  ///< Deployment: progressDeadlineSeconds are over
};

Rollout read_rollout(api::WorkloadKind kind, const Json& workload);

/// What a person has to end, as "it is paused"; empty where the roll-out is complete or goes on by itself.
std::string_view hindrance_of(Rollout rollout);

}  // namespace apiclient::reconciler
