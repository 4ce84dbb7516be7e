#pragma once
// spec.rotation of an ApiClient: when its secret is replaced by itself, and how long the old one works on.
// Plain values.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "json/reader.h"

namespace apiclient::api {

/// Times at which planned rotations may happen.
struct RotationWindowSpec {
  std::string opens = {};  ///< a cron expression
  std::string time_zone = "UTC";
  std::chrono::milliseconds duration{0};
};

struct RotationSpec {
  std::optional<std::chrono::milliseconds> interval = {};  ///< absent: only when a person asks
  std::optional<std::chrono::milliseconds> overlap = {};   ///< 0: the old secret ends at once
  std::vector<RotationWindowSpec> windows = {};            ///< none: at any time
  std::chrono::milliseconds min_age{0};                    ///< of a secret that a planned rotation replaces
};

/// `reader`: of spec.rotation. What cannot be read is added to `problems`.
RotationSpec read_rotation_spec(const json::Reader& reader, json::Problems& problems);

}  // namespace apiclient::api
