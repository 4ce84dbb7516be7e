#pragma once
// From the outcome of a pass to the status that is written. Pure. kstatus rules: Ready and Stalled are never
// both True; Ready is Unknown only together with Reconciling; observedGeneration is set only together with
// conditions.

#include <optional>
#include <string>
#include <variant>

#include "api/api_client.h"
#include "base/clock.h"
#include "reconciler/observation.h"
#include "reconciler/restart_report.h"
#include "reconciler/rollout_wait.h"
#include "reconciler/rotation_record.h"

namespace apiclient::reconciler {

/// Everything that was desired is so.
struct Succeeded {
  std::string client_id = {};
  api::RegistryStatus registry = {};
  api::EffectiveSpec effective = {};
  std::vector<std::string> altered = {};                 ///< fields that the registry keeps with other values
  std::optional<api::CredentialStatus> credential = {};  ///< empty for clients without a secret
  std::optional<api::PreviousStatus> previous = {};
  api::RotationStatus rotation = {};
  std::optional<Waiting> waiting = {};
  std::optional<RolloutWait> rolling_out = {};
  std::optional<RestartReport> restarts = {};  ///< empty: what was reported stands
  bool suspended = false;
  bool clock_is_wrong = false;  ///< the overlap does not end by time
  /// In what the spec says about planned rotations: nothing else suffers by it.
  std::optional<Refusal> schedule_mistake = {};
};

/// Not possible, or not yet; `refusal.stalled` says which.
struct Held {
  Refusal refusal = {};
  /// The failure is the client's own and is retried with growing delays: counted in `status.failure`.
  bool counts_as_failure = false;
  /// Try again by back-off, as after this error; empty: wait for a change.
  std::optional<Error> retry = {};
  /// The registry that may be down: have it probed now.
  std::string failed_registry = {};
  /// What is published works meanwhile: an outage that consumers do not feel.
  bool published_works = false;
  /// The registry has failed for longer than its degradedAfter.
  bool degraded = false;
};

/// Deletion cannot go on.
struct DeletionHeld {
  std::string reason = {};
  std::string message = {};
  std::optional<Error> retry = {};   ///< as in Held
  std::string failed_registry = {};  ///< as in Held
};

using PassOutcome = std::variant<Succeeded, Held, DeletionHeld>;

api::ApiClientStatus summarise(const api::ApiClient& client, const PassOutcome& outcome, WallTime now);

}  // namespace apiclient::reconciler
