#pragma once
// coordination.k8s.io/v1 Lease as a struct. Plain value.

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "json/json.h"
#include "kube/object_key.h"

namespace apiclient::kube {

struct Lease {
  ObjectKey key = {};
  std::string uid = {};
  std::string resource_version = {};
  std::string holder_identity = {};  ///< empty: released
  std::chrono::seconds lease_duration{15};
  WallTime acquire_time = {};
  WallTime renew_time = {};
  int lease_transitions = 0;
};

Result<Lease> read_lease(const Json& object);
/// Times with exactly six fractional digits, as metav1.MicroTime wants.
Json write_lease(const Lease& lease);

}  // namespace apiclient::kube
