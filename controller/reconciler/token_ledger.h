#pragma once
// The tokens of one ApiClient during one plan: what its annotations ask for, and what the pass does about
// them. Used by one plan; the observation outlives it.

#include <optional>
#include <string>
#include <string_view>

#include "reconciler/observation.h"
#include "reconciler/rotation_decision.h"
#include "reconciler/rotation_record.h"

namespace apiclient::reconciler {

class TokenLedger {
 public:
  TokenLedger(const Observation& seen, bool clock_is_wrong, WallTime now);

  // What is asked for
  [[nodiscard]] std::string_view rotate() const;
  /// Null unless a new secret is to be made now.
  [[nodiscard]] const rotation::Rotate* wants_rotation() const;
  /// It waits for its time, or ends an overlap: a planned rotation does not come in between.
  [[nodiscard]] bool goes_first() const;
  /// By a strengthened token, or by a value of revoke-previous that was not seen before.
  [[nodiscard]] bool ends_overlap() const;
  [[nodiscard]] bool revoke_is_open() const;

  // What the pass does
  void handle(std::string_view token);
  /// Why the revision is made, or its rotation strengthened.
  void because(std::string reason) { record_.reason = std::move(reason); }
  /// Everything that is to be said about the token besides a rotation that this pass makes.
  void settle();
  /// A token that was there at first issuance, or that a restored status has forgotten. What else a token
  /// asks for is left to the next pass.
  void settle_consumed();
  /// A mint that this token has asked for is done; empty: no token has.
  void settle_minted(std::string_view token);
  void handle_revoke();

  // What comes of it
  [[nodiscard]] const RotationRecord& record() const { return record_; }
  [[nodiscard]] const std::optional<Waiting>& waiting() const { return waiting_; }
  /// The next pass has something to do at once.
  [[nodiscard]] bool leaves_something() const;

 private:
  [[nodiscard]] RotationDecision decide(bool clock_is_wrong, WallTime now) const;
  /// The value of revoke-previous as the status repeats it; empty when there is none, or it was handled.
  [[nodiscard]] std::string_view open_revoke() const;

  const Observation& seen_;
  RotationRecord record_;
  RotationDecision decision_;
  std::optional<Waiting> waiting_;
};

}  // namespace apiclient::reconciler
