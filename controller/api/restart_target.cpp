#include "api/restart_target.h"

namespace apiclient::api {

std::string RestartTarget::text() const { return resource_type_of(kind).kind + " " + name; }

const kube::ResourceType& resource_type_of(WorkloadKind kind) {
  switch (kind) {
    case WorkloadKind::deployment: return kube::kDeployments;
    case WorkloadKind::stateful_set: return kube::kStatefulSets;
    case WorkloadKind::daemon_set: return kube::kDaemonSets;
  }
  return kube::kDeployments;
}

}  // namespace apiclient::api
