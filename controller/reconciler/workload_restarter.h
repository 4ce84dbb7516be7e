#pragma once
// Restarts the consumers of a Secret: the pod template of each gets the revision as an annotation, and its
// controller rolls it out. State, not time: a workload that carries the revision is left alone, so a pass may
// be repeated as often as it likes. Thread-safe.
//
// A target that is not there or not ours to touch is an answer (Consumer::access), not an error: a rotation
// does not depend on it. Any other failure is an error, and the next pass looks again.

#include <cstdint>
#include <stop_token>
#include <string>

#include "api/restart_target.h"
#include "kube/client.h"
#include "reconciler/consumer.h"

namespace apiclient::reconciler {

class WorkloadRestarter {
 public:
  /// `client` outlives this.
  explicit WorkloadRestarter(kube::Client& client) : client_(client) {}

  /// A live read of the workload in the namespace of the ApiClient.
  Result<Consumer> find(const api::RestartTarget& target, const kube::ObjectMeta& client,
                        std::stop_token stop);

  struct Restart {
    Consumer consumer;     ///< as it is now
    bool written = false;  ///< false: nothing was to be done, or could be
  };
  /// Reads it live, then writes where it does not carry the revision. A later revision is never taken back.
  Result<Restart> restart(const api::RestartTarget& target, const kube::ObjectMeta& client,
                          std::int64_t revision, std::stop_token stop);

 private:
  kube::Client& client_;
};

}  // namespace apiclient::reconciler
