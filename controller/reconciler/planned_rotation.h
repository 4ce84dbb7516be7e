#pragma once
// What the schedule of an ApiClient asks for during one pass, and what is announced of it. Pure.

#include <optional>

#include "base/clock.h"
#include "reconciler/observation.h"
#include "reconciler/rotation_schedule.h"

namespace apiclient::reconciler {

struct PlannedRotation {
  std::optional<RotationSchedule> schedule = {};  ///< empty: only a person rotates, or there is a mistake
  std::optional<Refusal> mistake = {};
  bool is_due = false;  ///< and nothing but a token can be in its way
};

/// Nothing is due by a clock that is wrong.
PlannedRotation planned_rotation(const Observation& seen, bool clock_is_wrong, WallTime now);

}  // namespace apiclient::reconciler
