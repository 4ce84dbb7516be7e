#pragma once
// What a pass has done about the tokens of an ApiClient, and how the status tells it. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_client.h"
#include "base/clock.h"

namespace apiclient::reconciler {

/// `status.rotation.lastReason` of a revision that replaces a lost secret; the others are reasons of tokens.
inline constexpr std::string_view kRecoveredReason = "Recovered";
/// ... and of one that the schedule asked for.
inline constexpr std::string_view kScheduledReason = "Scheduled";

/// `kind` of a staged or fenced mint that makes good for a lost secret.
inline constexpr std::string_view kRecoverKind = "Recover";

/// ... and of one that the schedule asks for.
inline constexpr std::string_view kScheduleKind = "Schedule";

/// Why a revision is made: as its token or the schedule says, or to make good for a lost one; empty at first
/// issuance.
std::string reason_of_mint(std::string_view token, std::string_view kind);

struct RotationRecord {
  std::string handled_token = {};             ///< whole value; empty: none by this pass
  std::vector<std::string> handled_ids = {};  ///< all of them, the last 16
  std::string handled_revoke = {};            ///< value of revoke-previous; empty: none by this pass
  std::string reason = {};                    ///< of the rotation that is made or strengthened; empty: none
  std::string refused_token = {};
  std::string refused_reason = {};
};

/// A token whose time has not come.
struct Waiting {
  std::string token = {};
  std::optional<WallTime> until = {};  ///< empty: cannot be told
};

/// `minted`: the pass has published a new revision that is not the first.
api::RotationStatus record_rotation(const api::RotationStatus& before, const RotationRecord& record,
                                    bool minted, WallTime now);

// What a status that is written tells beyond the one before it.

/// Why there is a newer secret than the first: the reason of a token, Scheduled or Recovered. Empty: there is
/// none.
std::string reason_of_rotation(const api::ApiClientStatus& before, const api::ApiClientStatus& after);
/// A token is refused that was not, or not for this reason.
bool refuses_token(const api::RotationStatus& before, const api::RotationStatus& after);

}  // namespace apiclient::reconciler
