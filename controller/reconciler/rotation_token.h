#pragma once
// The token of the annotation apiclient.dev/rotate: `id[:now][:Reason]`. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiclient::reconciler {

/// The id, 1 to 63 of [A-Za-z0-9._-]; empty when the token is malformed.
std::optional<std::string> rotation_id(std::string_view token);

/// `handled` and `more` together, in order, without duplicates, the last 16.
std::vector<std::string> merge_handled(const std::vector<std::string>& handled,
                                       const std::vector<std::string>& more);

}  // namespace apiclient::reconciler
