#pragma once
// What the annotation apiclient.dev/rotate asks for, seen against what was handled before. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/api_client.h"
#include "base/clock.h"
#include "reconciler/pace.h"
#include "reconciler/rotation_token.h"

namespace apiclient::reconciler {

namespace rotation {
/// Nothing is asked, or it was done.
struct Rest {};
/// Take note of the token without rotating: it was consumed by the first issuance, or a restored status has
/// forgotten it.
struct Remember {};
struct Rotate {
  RotationToken token;
};
/// Not before `until`; empty: not before the planned end of the overlap can be told.
struct Wait {
  std::optional<WallTime> until;
};
/// The rotation that this id has made is strengthened: the overlap that it began ends now.
struct EndOverlap {
  RotationToken token;
};
/// `reason` is a word for `status.rotation.refused`.
struct Refuse {
  std::string_view reason;
};
}  // namespace rotation

using RotationDecision = std::variant<rotation::Rest, rotation::Remember, rotation::Rotate, rotation::Wait,
                                      rotation::EndOverlap, rotation::Refuse>;

namespace refused {
inline constexpr std::string_view kMalformed = "Malformed";
inline constexpr std::string_view kClientHasNoSecret = "ClientHasNoSecret";
inline constexpr std::string_view kIdAlreadyUsed = "IdAlreadyUsed";
inline constexpr std::string_view kNotSupportedByRegistry = "NotSupportedByRegistry";
}  // namespace refused

struct RotationQuestion {
  std::string_view token;  ///< the annotation's value; empty: none
  const api::RotationStatus& status;
  const std::vector<std::string>& handled;  ///< ids, from the status and from the Secret
  bool has_secret = true;
  bool first_issuance = false;
  /// There is none, or somebody has agreed that consumers are without a working secret for a moment.
  bool gap_is_accepted = true;
  bool overlap_active = false;                               ///< an older secret still works
  std::optional<WallTime> overlap_until = {};                ///< empty while nothing can be told by the clock
  std::chrono::milliseconds throttle = rotation_throttle();  ///< between two rotations that do not say `now`
};

RotationDecision decide_rotation(const RotationQuestion& question, WallTime now);

/// Whether this rotation was asked for by a token, as opposed to a repair.
bool is_token_reason(std::string_view last_reason);

}  // namespace apiclient::reconciler
