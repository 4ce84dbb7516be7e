#pragma once
// One item of spec.restartTargets: a workload of the ApiClient's namespace that reads its Secret. Plain
// value.

#include <string>
#include <string_view>

#include "kube/resource_type.h"

namespace apiclient::api {

enum class WorkloadKind { deployment, stateful_set, daemon_set };

struct RestartTarget {
  WorkloadKind kind = WorkloadKind::deployment;
  std::string name = {};

  bool operator==(const RestartTarget&) const = default;
  /// "Deployment web".
  [[nodiscard]] std::string text() const;
};

const kube::ResourceType& resource_type_of(WorkloadKind kind);

}  // namespace apiclient::api
