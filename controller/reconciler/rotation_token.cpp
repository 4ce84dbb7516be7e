#include "reconciler/rotation_token.h"

#include <algorithm>

namespace apiclient::reconciler {
namespace {

constexpr std::size_t kRemembered = 16;
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool is_reason(std::string_view word) {
  return word == "Requested" || word == "Lost" || word == "Compromised";
}

bool is_suffix(std::string_view suffix) {
  if (suffix.empty()) return true;
  suffix.remove_prefix(1);
  if (suffix == "now") return true;
  if (suffix.starts_with("now:")) suffix.remove_prefix(4);
  return is_reason(suffix);
}

}  // namespace

std::optional<std::string> rotation_id(std::string_view token) {
  const std::size_t end = std::min(token.find(':'), token.size());
  const std::string_view id = token.substr(0, end);
  const bool well_formed =
      !id.empty() && id.size() <= 63 && id.find_first_not_of(kLetters) == std::string_view::npos;
  if (!well_formed || !is_suffix(token.substr(end))) return std::nullopt;
  return std::string(id);
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
