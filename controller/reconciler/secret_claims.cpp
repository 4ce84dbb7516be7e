#include "reconciler/secret_claims.h"

#include <algorithm>

namespace apiclient::reconciler {

void SecretClaims::add(const kube::ObjectKey& secret, const Age& age, const kube::ObjectKey& client) {
  auto claims = claims_.lock();
  auto& all = (*claims)[secret];
  std::erase_if(all, [&](const Claim& claim) { return claim.age.uid == age.uid; });
  all.push_back({.age = age, .client = client});
}

void SecretClaims::remove(const kube::ObjectKey& secret, const std::string& uid) {
  auto claims = claims_.lock();
  const auto found = claims->find(secret);
  if (found == claims->end()) return;
  std::erase_if(found->second, [&](const Claim& claim) { return claim.age.uid == uid; });
  if (found->second.empty()) claims->erase(found);
}

bool SecretClaims::has_older(const kube::ObjectKey& secret, const Age& than) const {
  const auto claims = claims_.lock();
  const auto found = claims->find(secret);
  return found != claims->end() &&
         std::ranges::any_of(found->second, [&](const Claim& claim) { return claim.age < than; });
}

std::vector<kube::ObjectKey> SecretClaims::claimants(const kube::ObjectKey& secret) const {
  std::vector<kube::ObjectKey> keys;
  const auto claims = claims_.lock();
  const auto found = claims->find(secret);
  if (found == claims->end()) return keys;
  for (const Claim& claim : found->second) keys.push_back(claim.client);
  return keys;
}

}  // namespace apiclient::reconciler
