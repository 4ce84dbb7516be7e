#include "reconciler/rotation_decision.h"

#include <algorithm>

namespace apiclient::reconciler {
namespace {

/// An id that was handled asks for nothing more, unless its new suffix strengthens the rotation that it made.
RotationDecision decide_known(const RotationQuestion& question, const RotationToken& token) {
  const api::RotationStatus& status = question.status;
  if (status.last_handled_token == question.token) return rotation::Rest{};
  if (status.last_handled_token.empty()) return rotation::Remember{};
  const auto last = parse_rotation_token(status.last_handled_token);
  const bool made_current = last && last->id == token.id && is_token_reason(status.last_reason);
  const bool stronger = made_current && token.now && !last->now;
  const bool more_urgent = made_current && token.now && token.reason == "Compromised";
  if (stronger || more_urgent) return rotation::EndOverlap{token};
  return rotation::Refuse{refused::kIdAlreadyUsed};
}

/// Both ends may be passed already.
RotationDecision decide_new(const RotationQuestion& question, const RotationToken& token, WallTime now) {
  if (token.now) return rotation::Rotate{token};
  if (question.overlap_active) return rotation::Wait{question.overlap_until};
  const auto& last = question.status.last_time;
  // A time in the future says nothing: the clock was set back.
  const bool throttled = last && *last <= now && now - *last < question.throttle;
  if (throttled) return rotation::Wait{*last + question.throttle};
  return rotation::Rotate{token};
}

}  // namespace

bool is_token_reason(std::string_view last_reason) {
  return last_reason == "Requested" || last_reason == "Lost" || last_reason == "Compromised";
}

RotationDecision decide_rotation(const RotationQuestion& question, WallTime now) {
  if (question.token.empty()) return rotation::Rest{};
  const auto token = parse_rotation_token(question.token);
  if (!token) return rotation::Refuse{refused::kMalformed};
  if (!question.has_secret) return rotation::Refuse{refused::kClientHasNoSecret};
  if (question.first_issuance) return rotation::Remember{};
  const bool known = std::ranges::find(question.handled, token->id) != question.handled.end();
  if (known) return decide_known(question, *token);
  // `now` says that the old secret may end at once.
  if (!question.gap_is_accepted && !token->now) return rotation::Refuse{refused::kNotSupportedByRegistry};
  return decide_new(question, *token, now);
}

}  // namespace apiclient::reconciler
