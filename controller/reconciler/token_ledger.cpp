#include "reconciler/token_ledger.h"

#include "api/names.h"
#include "base/overloaded.h"
#include "reconciler/strategy.h"

namespace apiclient::reconciler {
namespace {

std::vector<std::string> known_ids(const Observation& seen) {
  const auto& known = seen.client.status.rotation.handled_ids;
  return seen.published() != nullptr ? merge_handled(seen.published()->handled_rotations(), known) : known;
}

}  // namespace

TokenLedger::TokenLedger(const Observation& seen, bool clock_is_wrong, WallTime now)
    : seen_(seen), record_{.handled_ids = known_ids(seen)}, decision_(decide(clock_is_wrong, now)) {}

std::string_view TokenLedger::rotate() const { return seen_.client.meta.annotation(api::kRotateAnnotation); }

RotationDecision TokenLedger::decide(bool clock_is_wrong, WallTime now) const {
  const auto& previous = seen_.client.status.previous;
  const bool overlap = previous && previous->retire_at;
  return decide_rotation(
      {.token = rotate(),
       .status = seen_.client.status.rotation,
       .handled = record_.handled_ids,
       .has_secret = seen_.desired.settings.has_secret(),
       .first_issuance = seen_.first_issuance(),
       .gap_is_accepted = !leaves_unaccepted_gap(strategy_of(seen_.registry->info.capabilities),
                                                 seen_.client.spec.rotation, seen_.registry->spec),
       .overlap_active = overlap,
       .overlap_until = overlap && !clock_is_wrong ? previous->retire_at : std::nullopt},
      now);
}

const rotation::Rotate* TokenLedger::wants_rotation() const {
  return std::get_if<rotation::Rotate>(&decision_);
}

bool TokenLedger::goes_first() const {
  return wants_rotation() != nullptr || std::holds_alternative<rotation::Wait>(decision_) ||
         std::holds_alternative<rotation::EndOverlap>(decision_);
}

bool TokenLedger::ends_overlap() const {
  return revoke_is_open() || std::holds_alternative<rotation::EndOverlap>(decision_);
}

std::string_view TokenLedger::open_revoke() const {
  const std::string_view value =
      api::shown_token(seen_.client.meta.annotation(api::kRevokePreviousAnnotation));
  const TargetSecret* published = seen_.published();
  const bool on_target = published != nullptr && value == published->handled_revoke();
  return value == seen_.client.status.rotation.last_handled_revoke || on_target ? "" : value;
}

bool TokenLedger::revoke_is_open() const { return !open_revoke().empty(); }

void TokenLedger::handle(std::string_view token) {
  record_.handled_token = token;
  if (const auto parsed = parse_rotation_token(token)) {
    record_.handled_ids = merge_handled(record_.handled_ids, {parsed->id});
  }
}

void TokenLedger::settle() {
  const std::string shown(api::shown_token(rotate()));
  std::visit(overloaded{[](const rotation::Rest&) {}, [](const rotation::Rotate&) {},
                        [this](const rotation::Remember&) { handle(rotate()); },
                        [&](const rotation::Wait& wait) {
                          waiting_ = Waiting{shown, wait.until};
                        },
                        [this](const rotation::EndOverlap& end) {
                          handle(rotate());
                          because(end.token.reason);
                        },
                        [&](const rotation::Refuse& refuse) {
                          record_.refused_token = shown;
                          record_.refused_reason = refuse.reason;
                        }},
             decision_);
}

void TokenLedger::settle_consumed() {
  if (std::holds_alternative<rotation::Remember>(decision_)) handle(rotate());
}

void TokenLedger::settle_minted(std::string_view token) {
  if (parse_rotation_token(token)) {
    handle(token);
  } else {
    settle_consumed();
  }
}

void TokenLedger::handle_revoke() {
  record_.handled_revoke = api::shown_token(seen_.client.meta.annotation(api::kRevokePreviousAnnotation));
}

bool TokenLedger::leaves_something() const {
  const bool token = !rotate().empty() && record_.handled_token != rotate() &&
                     record_.refused_token.empty() && !waiting_ &&
                     seen_.client.status.rotation.last_handled_token != rotate();
  return token || (revoke_is_open() && record_.handled_revoke.empty());
}

}  // namespace apiclient::reconciler
