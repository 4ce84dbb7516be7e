#pragma once
// The token of the annotation apiclient.dev/rotate: `id[:now][:Reason]`. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiclient::reconciler {

struct RotationToken {
  std::string id = {};  ///< the identity: one id rotates once
  bool now = false;     ///< every older secret ends with the rotation; Compromised implies it
  std::string reason = "Requested";

  bool operator==(const RotationToken&) const = default;
};

/// Empty when the token is malformed. An id is 1 to 63 of [A-Za-z0-9._-]; a reason is Requested, Lost or
/// Compromised.
std::optional<RotationToken> parse_rotation_token(std::string_view token);

/// `handled` and `more` together, in order, without duplicates, the last 16.
std::vector<std::string> merge_handled(const std::vector<std::string>& handled,
                                       const std::vector<std::string>& more);

}  // namespace apiclient::reconciler
