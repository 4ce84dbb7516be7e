#pragma once
// Does the retirement of an older secret wait for consumers, and until when? Pure. What is missing or not
// ours to touch is not waited for.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "reconciler/observation.h"

namespace apiclient::reconciler {

struct RolloutWait {
  std::vector<std::string> consumers = {};  ///< "Deployment web", with what holds it up
  WallTime until = {};                      ///< then the older secret ends all the same
};

/// The workloads have to be looked at: a rotation has left an older secret, or could not restart one of them.
/// Never at rest, and never for a first issuance.
bool needs_consumers(const Observation& seen);

/// Empty when nobody has to be waited for. `retire_at`: the planned end of the overlap.
std::optional<RolloutWait> find_rollout_wait(const Observation& seen, std::chrono::milliseconds overlap,
                                             WallTime retire_at);

/// Workloads are not watched: how long until the next look, for one that has waited so long. From 5 s to 5
/// min.
std::chrono::milliseconds next_rollout_look(std::chrono::milliseconds waited);

}  // namespace apiclient::reconciler
