#include "reconciler/planned_rotation.h"

#include "api/conditions.h"
#include "reconciler/pass_result.h"
#include "reconciler/strategy.h"

namespace apiclient::reconciler {
namespace {

/// A planned rotation never does to consumers what a token would be refused for.
std::optional<Refusal> check_gap(const Observation& seen) {
  const Strategy strategy = strategy_of(seen.registry->info.capabilities);
  const bool planned = seen.client.spec.rotation.interval.has_value();
  if (!planned || !leaves_unaccepted_gap(strategy, seen.client.spec.rotation, seen.registry->spec)) {
    return std::nullopt;
  }
  return Refusal{.reason = std::string(api::reason::kNotSupportedByRegistry),
                 .message = "spec.rotation.interval: registry " + seen.registry->name +
                            " holds one secret at a time, so that consumers would be without a working one "
                            "for a moment; set spec.rotation.overlap to 0s, or have allowInPlaceRotation set "
                            "there",
                 .stalled = true};
}

/// Well before the registry ends the secret, also where the rotation has to wait for a while. What a planned
/// rotation must not do for its spec it must not do for this either.
std::optional<std::chrono::milliseconds> longest_interval(const Observation& seen) {
  const backend::Capabilities& can = seen.registry->info.capabilities;
  if (!can.secret_lifetime) return std::nullopt;
  if (leaves_unaccepted_gap(strategy_of(can), seen.client.spec.rotation, seen.registry->spec)) {
    return std::nullopt;
  }
  return *can.secret_lifetime * 2 / 3;
}

Scheduling scheduling_of(const Observation& seen) {
  if (!seen.desired.settings.has_secret()) return NoSchedule{};
  if (auto refusal = check_gap(seen)) return *refusal;
  return make_schedule({.spec = seen.client.spec.rotation,
                        .registry = seen.registry->name,
                        .min_interval = seen.registry->spec.min_rotation_interval,
                        .spread = stable_spread(seen.installation_id, seen.client.meta.key),
                        .longest_interval = longest_interval(seen)});
}

/// What is published stands beside no older secret, and nobody has asked that it be left alone.
bool may_be_replaced(const Observation& seen) {
  return seen.published() != nullptr && !seen.client.status.previous && !seen.client.spec.suspended;
}

}  // namespace

PlannedRotation planned_rotation(const Observation& seen, bool clock_is_wrong, WallTime now) {
  PlannedRotation planned;
  Scheduling scheduling = scheduling_of(seen);
  if (auto* mistake = std::get_if<Refusal>(&scheduling)) planned.mistake = std::move(*mistake);
  if (auto* schedule = std::get_if<RotationSchedule>(&scheduling)) planned.schedule = std::move(*schedule);
  if (!planned.schedule || clock_is_wrong || !may_be_replaced(seen)) return planned;
  const RotationHistory history{.published_at = issued_at(seen, current_credential(seen), now),
                                .announced = seen.client.status.rotation.next_time,
                                .overlap_until = {},
                                .in_line = seen.in_line};
  planned.is_due = next_rotation(*planned.schedule, history, now) <= now;
  return planned;
}

}  // namespace apiclient::reconciler
