#include "reconciler/registry_users.h"

namespace apiclient::reconciler {

std::string used_registry(const api::ApiClientSummary& client) {
  if (!client.pinned_registry.empty()) return client.pinned_registry;
  return client.has_finalizer ? client.registry_name : "";
}

void RegistryUsers::move(const std::string& from, const std::string& to) {
  auto counts = counts_.lock();
  const auto left = counts->find(from);
  if (left != counts->end() && --left->second == 0) counts->erase(left);
  if (!to.empty()) ++(*counts)[to];
}

std::size_t RegistryUsers::count(const std::string& registry) const {
  const auto counts = counts_.lock();
  const auto found = counts->find(registry);
  return found == counts->end() ? 0 : found->second;
}

}  // namespace apiclient::reconciler
