#include "reconciler/state_loss.h"

#include <algorithm>

namespace apiclient::reconciler {
namespace {

/// Single clients get lost: somebody deletes them, a backup is some hours old.
constexpr std::size_t kFew = 5;
constexpr std::size_t kFewInHundred = 5;
/// The CRD's limit.
constexpr std::size_t kLongestToken = 256;

}  // namespace

StateLossCount count_missing(const std::vector<std::string>& ours,
                             const std::unordered_set<std::string>& present) {
  const auto missing =
      std::ranges::count_if(ours, [&](const std::string& id) { return !present.contains(id); });
  return {.ours = ours.size(), .missing = static_cast<std::size_t>(missing)};
}

bool is_state_lost(const StateLossCount& count) {
  const bool none_left = count.ours >= 2 && count.missing == count.ours;
  const bool beyond_few = count.missing > kFew && count.missing * 100 > count.ours * kFewInHundred;
  return none_left || beyond_few;
}

WallTime issued_at(const api::ApiClient& client) {
  const auto& credential = client.status.credential;
  return credential && credential->issued_at ? *credential->issued_at : client.meta.creation_timestamp;
}

bool covers(const api::AcceptedStateLoss& accepted, WallTime issued) {
  return accepted.is_open() && issued <= *accepted.time;
}

api::AcceptedStateLoss accept(api::AcceptedStateLoss known, std::string_view annotation, WallTime now) {
  const std::string token(annotation.substr(0, kLongestToken));
  if (token.empty() || token == known.token) return known;
  return {.token = token, .time = std::chrono::floor<std::chrono::seconds>(now)};
}

std::string state_loss_message(const StateLossCount& count) {
  return std::to_string(count.missing) + " of " + std::to_string(count.ours) +
         " clients that were issued here are missing in the registry: its database was emptied, or the URL "
         "leads elsewhere. Restore it; or, to have them registered again with their published secrets, set "
         "the "
         "annotation apiclient.dev/accept-state-loss to a new value";
}

}  // namespace apiclient::reconciler
