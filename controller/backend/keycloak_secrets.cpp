#include "backend/keycloak_secrets.h"

#include <algorithm>
#include <utility>

namespace apiclient::backend::keycloak {
namespace {

/// A secret that nobody has described is there since before the client was ours.
Credential newest_of(const std::optional<ClientMark>& mark) {
  if (mark && mark->credential) return *mark->credential;
  return {.id = "initial", .revision = std::max<std::int64_t>(1, mark ? mark->owner.revision : 0)};
}

/// What works beside the newest secret.
std::vector<Credential> older_secrets(const ClientMark& mark, const std::string& rotated_at) {
  if (rotated_at.empty()) return {};
  if (!was_put_aside_since(mark, rotated_at) || mark.newest_is_unknown) return mark.older;
  Credential put_aside = newest_of(mark);
  if (put_aside.operation_id.empty()) put_aside.operation_id = put_aside.id;  // the mark keeps that alone
  return {put_aside};
}

}  // namespace

bool was_put_aside_since(const ClientMark& mark, const std::string& rotated_at) {
  return !rotated_at.empty() && rotated_at != mark.rotated_at;
}

std::vector<Credential> read_secrets(const std::optional<ClientMark>& mark, const std::string& rotated_at) {
  const Credential newest = newest_of(mark);
  if (!mark) return {newest};
  std::vector<Credential> secrets = older_secrets(*mark, rotated_at);
  if (was_put_aside_since(*mark, rotated_at)) {
    secrets.push_back({.id = "unknown", .revision = newest.revision + 1});
  } else if (!mark->newest_is_unknown) {
    secrets.push_back(newest);
  }
  return secrets;
}

void describe_newest(ClientMark& mark, const std::string& rotated_at, const NewCredential& credential,
                     WallTime now) {
  std::vector<Credential> older = older_secrets(mark, rotated_at);
  // The same one again: Keycloak has put the first of them aside.
  std::erase_if(older, [&](const Credential& one) { return one.operation_id == credential.operation_id; });
  mark.older = std::move(older);
  mark.rotated_at = rotated_at;
  mark.credential = describe(credential, now);
  mark.newest_is_unknown = false;
  mark.owner.revision = std::max(mark.owner.revision, credential.revision);
}

void forget_newest(ClientMark& mark, const std::string& rotated_at) {
  mark.older = older_secrets(mark, rotated_at);
  mark.rotated_at = rotated_at;
  mark.credential.reset();
  mark.newest_is_unknown = true;
}

}  // namespace apiclient::backend::keycloak
