#pragma once
// A workload that reads the Secret, as it is now: the observation of one item of spec.restartTargets. What
// its pod template carries tells which revision it was restarted on, so that no memory of ours is needed.
// Pure.
//
// The annotation has the ApiClient in its name, because one workload may use several, and the uid in its
// value, because an ApiClient that is created again counts its revisions from one:
//   invoices.apiclient.dev/credential-revision: "3.5b1e6c1e-6a3f-4d0e-9d6e-7d2f3f1f2a11"

#include <cstdint>
#include <string>

#include "api/restart_target.h"
#include "base/result.h"
#include "json/json.h"
#include "kube/object_meta.h"
#include "reconciler/rollout.h"

namespace apiclient::reconciler {

enum class Access {
  found,
  absent,     ///< there is none, or it is being deleted: no pod of it is left with an old secret for long
  forbidden,  ///< the API server refuses us to read or to change it
};

struct Consumer {
  api::RestartTarget target = {};
  Access access = Access::found;
  std::string refusal = {};  ///< the API server's words, where it refuses
  std::string uid = {};
  std::string carried = {};  ///< value of our annotation; empty: none
  Rollout rollout = Rollout::progressing;

  /// Restarted on this revision of this ApiClient, or on a later one.
  [[nodiscard]] bool carries(const kube::ObjectMeta& client, std::int64_t revision) const;
};

/// Name and value of the annotation on a pod template.
std::string restart_annotation(const kube::ObjectMeta& client);
std::string restart_value(const kube::ObjectMeta& client, std::int64_t revision);

/// `workload` is of the kind of the target. Errors: protocol, for one without metadata.
Result<Consumer> read_consumer(const api::RestartTarget& target, const kube::ObjectMeta& client,
                               const Json& workload);

/// RFC 7386 merge patch that makes the pod template carry the revision. With the uid a workload that was
/// created again meanwhile is not touched; a patch never creates one.
Json restart_patch(const Consumer& consumer, const kube::ObjectMeta& client, std::int64_t revision);

}  // namespace apiclient::reconciler
