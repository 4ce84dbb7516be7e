#include "reconciler/rotation_token.h"

#include <algorithm>

namespace apiclient::reconciler {
namespace {

constexpr std::size_t kRemembered = 16;
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool is_reason(std::string_view word) {
  return word == "Requested" || word == "Lost" || word == "Compromised";
}

/// What follows the id: `[:now][:Reason]`.
bool read_suffix(std::string_view suffix, RotationToken& token) {
  constexpr std::string_view kNow = ":now";
  if (suffix == kNow || suffix.starts_with(":now:")) {
    token.now = true;
    suffix.remove_prefix(kNow.size());
  }
  if (suffix.empty()) return true;
  if (!is_reason(suffix.substr(1))) return false;
  token.reason = suffix.substr(1);
  token.now = token.now || token.reason == "Compromised";
  return true;
}

}  // namespace

std::optional<RotationToken> parse_rotation_token(std::string_view text) {
  const std::size_t end = std::min(text.find(':'), text.size());
  RotationToken token{.id = std::string(text.substr(0, end))};
  const bool well_formed =
      !token.id.empty() && token.id.size() <= 63 && token.id.find_first_not_of(kLetters) == std::string::npos;
  if (!well_formed || !read_suffix(text.substr(end), token)) return std::nullopt;
  return token;
}

std::vector<std::string> merge_handled(const std::vector<std::string>& handled,
                                       const std::vector<std::string>& more) {
  std::vector<std::string> merged = handled;
  for (const std::string& id : more) {
    if (std::ranges::find(merged, id) == merged.end()) merged.push_back(id);
  }
  if (merged.size() > kRemembered) merged.erase(merged.begin(), merged.end() - kRemembered);
  return merged;
}

}  // namespace apiclient::reconciler
