#pragma once
// A window of spec.rotation.windows: opens as its cron expression says in its time zone, and stays open for
// its duration, which is real time: it does not change when clocks do. Pure, but for the time zone database.

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "api/rotation_spec.h"
#include "base/clock.h"
#include "base/result.h"
#include "reconciler/cron.h"
#include "reconciler/time_zone.h"

namespace apiclient::reconciler {

class RotationWindow {
 public:
  /// The first moment at or after `time` at which it opens. A window that would open in an hour that is
  /// skipped in spring opens at the end of the gap; in an hour that comes twice in autumn it opens once, the
  /// first time.
  [[nodiscard]] WallTime next_opening(WallTime time) const;
  /// Until when it stays open at least; empty: it is closed at `time`.
  [[nodiscard]] std::optional<WallTime> open_until(WallTime time) const;

 private:
  friend Result<RotationWindow> make_rotation_window(const api::RotationWindowSpec& spec,
                                                     std::string_view field);
  RotationWindow(const Cron& opens, TimeZone zone, std::chrono::milliseconds duration)
      : opens_(opens), zone_(zone), duration_(duration) {}

  Cron opens_;
  TimeZone zone_;
  std::chrono::milliseconds duration_;
};

using RotationWindows = std::vector<RotationWindow>;

/// `field` is what messages call it, as spec.rotation.windows[1]. Errors: invalid; a mistake in the cron
/// expression, a window that never opens, a zone that is not known.
Result<RotationWindow> make_rotation_window(const api::RotationWindowSpec& spec, std::string_view field);

/// The latest such end of the windows that are open at `time`; empty: all are closed.
std::optional<WallTime> open_until(const RotationWindows& windows, WallTime time);

/// The first moment at or after `time` at which one of them is open. Without windows that is `time`.
WallTime next_open(const RotationWindows& windows, WallTime time);

}  // namespace apiclient::reconciler
