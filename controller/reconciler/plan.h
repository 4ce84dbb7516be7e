#pragma once
// The decision of a pass: from what was observed to the steps that lead to what is desired. Pure. Every list
// of steps may be cut off after any of them (a crash, a lost reply): the next pass plans from what it then
// observes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "reconciler/observation.h"
#include "reconciler/rollout_wait.h"
#include "reconciler/rotation_record.h"
#include "reconciler/rotation_schedule.h"
#include "reconciler/step.h"

namespace apiclient::reconciler {

struct Plan {
  std::vector<Step> steps = {};
  std::optional<Refusal> stop = {};  ///< then there are no steps
  /// Secrets that work beside the published one, and until when; goes to `status.previous`.
  std::optional<api::PreviousStatus> previous = {};
  RotationRecord tokens = {};
  std::optional<Waiting> waiting = {};
  /// The overlap is over, and the older secret waits for consumers.
  std::optional<RolloutWait> rolling_out = {};
  /// The older secret ends although these were not rolled out.
  std::vector<std::string> timed_out = {};
  bool clock_is_wrong = false;  ///< an overlap does not end by time
  std::optional<RotationSchedule> schedule = {};
  std::optional<Refusal> schedule_mistake = {};
  bool rotates_by_schedule = false;         ///< needs a slot
  bool goes_on_rolling_out = false;         ///< a planned rotation, which keeps its slot
  bool announces_nothing_new = false;       ///< the next rotation stands as it was announced
  std::optional<WallTime> look_again = {};  ///< when the next pass has something to do
};

/// Local time and stored times that differ by more than this are not trusted.
inline constexpr std::chrono::seconds kTolerableSkew{60};

Plan make_plan(const Observation& seen, WallTime now);

/// Another mint went past the staged one, whatever has become of its value since.
bool is_superseded(const Observation& seen);

/// 1 + the highest revision that anything remembers.
std::int64_t next_revision(const Observation& seen);

}  // namespace apiclient::reconciler
