#pragma once
// What a pass publishes and reports, derived from what it has seen and done so far. Pure. Results borrow from
// the observation: use them before it changes.

#include <optional>
#include <string>

#include "base/clock.h"
#include "reconciler/observation.h"
#include "reconciler/plan.h"
#include "reconciler/status_summary.h"

namespace apiclient::reconciler {

/// The secret that the pass publishes or has published: the staged one, else the target's.
struct CurrentCredential {
  std::int64_t revision = 1;
  std::string operation_id = {};
  std::string credential_id = {};
  const Secret* value = nullptr;  ///< null for clients without a secret
  std::optional<WallTime> created_at = {};
};
CurrentCredential current_credential(const Observation& seen);
/// As the registry says, else as it was told before, else `now`.
WallTime issued_at(const Observation& seen, const CurrentCredential& current, WallTime now);

api::RegistryStatus registry_status_of(const RegistrySnapshot& registry);
backend::OwnershipMark mark_of(const Observation& seen, std::int64_t revision);
/// `now` is one time for a pass: that at which what it makes was published.
Publication publication_of(const Observation& seen, const Plan& plan, WallTime now);
/// The outcome when every step is done.
Succeeded success_of(const Observation& seen, const Plan& plan, WallTime now);

}  // namespace apiclient::reconciler
