#pragma once
// When the secret of a client is replaced by itself: spec.rotation seen together with its registry. Pure.
// What is announced in status.rotation.nextTime is what happens.

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "api/rotation_spec.h"
#include "base/clock.h"
#include "kube/object_key.h"
#include "reconciler/registry_directory.h"
#include "reconciler/rotation_window.h"

namespace apiclient::reconciler {

/// The schedule of one client.
struct RotationSchedule {
  std::chrono::milliseconds interval{0};
  std::chrono::milliseconds min_age{0};
  RotationWindows windows = {};
  double spread = 0;  ///< stable_spread of the client
};

/// Only a person rotates this client.
struct NoSchedule {};

/// A refusal names the field, what is wrong and the fix; rotation by hand does not depend on it.
using Scheduling = std::variant<NoSchedule, RotationSchedule, Refusal>;

struct SchedulingQuestion {
  const api::RotationSpec& spec;
  std::string_view registry;
  std::chrono::milliseconds min_interval;  ///< the registry's minRotationInterval
  double spread;                           ///< stable_spread of the client
  /// Where the registry ends secrets by itself: they are replaced at least so often, also where no interval
  /// is given.
  std::optional<std::chrono::milliseconds> longest_interval = {};
};

Scheduling make_schedule(const SchedulingQuestion& question);

/// What a client's next rotation depends on.
struct RotationHistory {
  WallTime published_at = {};                  ///< the present secret
  std::optional<WallTime> announced = {};      ///< status.rotation.nextTime so far
  std::optional<WallTime> overlap_until = {};  ///< an older secret works until then
  bool in_line = false;                        ///< its time came before this pass, and it waits for its turn
};

/// When a secret that is published at this time is planned to be replaced, whatever comes in between.
WallTime planned_time(const RotationSchedule& schedule, WallTime published_at);

/// When the next rotation happens, in whole seconds as the status shows it; now, or before, means: it is due.
/// One whose time passed long ago, while nobody could do it, is put off by up to an hour, each client by its
/// own spread, so that they do not come together.
WallTime next_rotation(const RotationSchedule& schedule, const RotationHistory& history, WallTime now);

/// A place in [0, 1) that a client has as long as it lives, also after a restore or a move to another
/// cluster: the first 53 bits of SHA-256 of "installation/namespace/name".
double stable_spread(const std::string& installation_id, const kube::ObjectKey& client);

/// As given; else an hour, or the interval where that is shorter. `longest`: the registry ends it then.
std::chrono::milliseconds effective_overlap(const api::RotationSpec& spec,
                                            std::optional<std::chrono::milliseconds> longest);

}  // namespace apiclient::reconciler
