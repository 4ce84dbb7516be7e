#include "reconciler/rotation_record.h"

#include "reconciler/rotation_token.h"

namespace apiclient::reconciler {

std::string reason_of_mint(std::string_view token, std::string_view kind) {
  if (const auto parsed = parse_rotation_token(token)) return parsed->reason;
  if (kind == kScheduleKind) return std::string(kScheduledReason);
  return kind == kRecoverKind ? std::string(kRecoveredReason) : "";
}

api::RotationStatus record_rotation(const api::RotationStatus& before, const RotationRecord& record,
                                    bool minted, WallTime now) {
  api::RotationStatus after = before;
  after.in_progress.reset();
  after.handled_ids = record.handled_ids;
  after.refused_token = record.refused_token;
  after.refused_reason = record.refused_reason;
  // A token that is taken away is still remembered: it acts once.
  if (!record.handled_token.empty()) after.last_handled_token = record.handled_token;
  if (!record.handled_revoke.empty()) after.last_handled_revoke = record.handled_revoke;
  if (!record.reason.empty()) after.last_reason = record.reason;
  if (minted) after.last_time = now;
  return after;
}

std::string reason_of_rotation(const api::ApiClientStatus& before, const api::ApiClientStatus& after) {
  const bool newer = before.issued() && before.credential && after.credential &&
                     after.credential->revision > before.credential->revision;
  if (!newer) return "";
  return after.rotation.last_reason.empty() ? std::string(kRecoveredReason) : after.rotation.last_reason;
}

bool refuses_token(const api::RotationStatus& before, const api::RotationStatus& after) {
  return !after.refused_reason.empty() &&
         (after.refused_token != before.refused_token || after.refused_reason != before.refused_reason);
}

}  // namespace apiclient::reconciler
