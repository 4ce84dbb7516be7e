#include "reconciler/former_secrets.h"

#include <algorithm>

namespace apiclient::reconciler {

void FormerSecrets::add(const std::string& owner_uid, const kube::ObjectKey& secret) {
  auto secrets = secrets_.lock();
  auto& all = (*secrets)[owner_uid];
  if (std::ranges::find(all, secret) == all.end()) all.push_back(secret);
}

void FormerSecrets::remove(const std::string& owner_uid, const kube::ObjectKey& secret) {
  auto secrets = secrets_.lock();
  const auto found = secrets->find(owner_uid);
  if (found == secrets->end()) return;
  std::erase(found->second, secret);
  if (found->second.empty()) secrets->erase(found);
}

std::vector<kube::ObjectKey> FormerSecrets::of(const std::string& owner_uid) const {
  const auto secrets = secrets_.lock();
  const auto found = secrets->find(owner_uid);
  return found == secrets->end() ? std::vector<kube::ObjectKey>() : found->second;
}

}  // namespace apiclient::reconciler
