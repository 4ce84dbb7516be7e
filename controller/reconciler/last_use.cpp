#include "reconciler/last_use.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

namespace apiclient::reconciler {
namespace {

using Use = std::optional<WallTime>;

constexpr std::chrono::minutes kOwnVerification{1};

/// Of the two secrets that a status may tell of.
struct Uses {
  Use credential = {};
  Use previous = {};

  [[nodiscard]] Use latest() const { return std::max(credential, previous); }
};

Use use_by_others(const backend::Credential& credential) {
  const bool own = credential.last_used_at && credential.created_at &&
                   *credential.last_used_at < *credential.created_at + kOwnVerification;
  return own ? Use() : credential.last_used_at;
}

Use told_use(const std::vector<backend::Credential>& credentials, std::int64_t revision) {
  const auto found = std::ranges::find(credentials, revision, &backend::Credential::revision);
  return found == credentials.end() ? Use() : use_by_others(*found);
}

Use shown_use(const api::ApiClientStatus& status, std::int64_t revision) {
  if (status.credential && status.credential->revision == revision) return status.credential->last_used_at;
  if (status.previous && status.previous->revision == revision) return status.previous->last_used_at;
  return {};
}

/// `use_of(revision)` for each secret that the status tells of.
template <typename UseOf>
Uses uses_of(const api::ApiClientStatus& status, const UseOf& use_of) {
  return {.credential = status.credential ? use_of(status.credential->revision) : Use(),
          .previous = status.previous ? use_of(status.previous->revision) : Use()};
}

void set_uses(api::ApiClientStatus& status, const Uses& uses) {
  if (status.credential) status.credential->last_used_at = uses.credential;
  if (status.previous) status.previous->last_used_at = uses.previous;
}

bool is_of_later_day(const Use& use, const Use& other) {
  if (!use || !other) return use.has_value();
  return std::chrono::floor<std::chrono::days>(*use) > std::chrono::floor<std::chrono::days>(*other);
}

}  // namespace

void show_last_use(const api::ApiClientStatus& before, const std::vector<backend::Credential>& credentials,
                   api::ApiClientStatus& after) {
  const Uses shown = uses_of(after, [&](std::int64_t revision) { return shown_use(before, revision); });
  const Uses told = uses_of(after, [&](std::int64_t revision) { return told_use(credentials, revision); });
  set_uses(after, shown);
  const bool written_anyway = api::write_status(before) != api::write_status(after);
  if (!written_anyway && !is_of_later_day(told.latest(), shown.latest())) return;
  // A registry that was restored from a backup, or does not tell any more, takes nothing back.
  set_uses(after, {.credential = std::max(shown.credential, told.credential),
                   .previous = std::max(shown.previous, told.previous)});
}

}  // namespace apiclient::reconciler
