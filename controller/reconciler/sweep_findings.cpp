#include "reconciler/sweep_findings.h"

#include <algorithm>
#include <utility>

#include "api/conditions.h"

namespace apiclient::reconciler {
namespace {

constexpr std::size_t kNamed = 5;

std::string counted(std::size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t named = std::min(names.size(), kNamed);
  for (std::size_t i = 0; i < named; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (named < names.size()) text += " and " + std::to_string(names.size() - named) + " more";
  return text;
}

std::string message_of(const Orphans& orphans) {
  std::string text;
  if (!orphans.clients.empty()) {
    text = counted(orphans.clients.size(), "client") +
           " of this installation without an ApiClient; delete in the registry what nobody needs: " +
           listed(orphans.clients);
  }
  if (!orphans.secrets.empty()) {
    text += (text.empty() ? "" : ". ") + counted(orphans.secrets.size(), "Secret") +
            " with credentials of this registry without an ApiClient; delete what nobody needs: " +
            listed(orphans.secrets);
  }
  return text;
}

}  // namespace

bool SweepFindings::put(const std::string& registry, const std::string& uid, Orphans orphans) {
  auto entries = entries_.lock();
  const auto found = entries->find(registry);
  if (found != entries->end() && found->second.uid == uid && found->second.orphans == orphans) return false;
  (*entries)[registry] = {.uid = uid, .orphans = std::move(orphans)};
  return true;
}

std::optional<Orphans> SweepFindings::orphans(const std::string& registry, const std::string& uid) const {
  const auto entries = entries_.lock();
  const auto found = entries->find(registry);
  if (found == entries->end() || found->second.uid != uid) return std::nullopt;
  return found->second.orphans;
}

void SweepFindings::forget(const std::string& registry) { entries_.lock()->erase(registry); }

void note_orphans(const api::ClientRegistry& registry, const std::optional<Orphans>& orphans, WallTime now,
                  api::ClientRegistryStatus& status) {
  if (!orphans) return;
  if (*orphans == Orphans{}) return kube::remove_condition(status.conditions, api::kOrphans);
  kube::set_condition(status.conditions,
                      {.type = std::string(api::kOrphans),
                       .status = kube::ConditionStatus::true_value,
                       .reason = std::string(orphans->clients.empty() ? api::reason::kOrphanedSecrets
                                                                      : api::reason::kOrphanedClients),
                       .message = message_of(*orphans),
                       .observed_generation = registry.meta.generation},
                      now);
}

}  // namespace apiclient::reconciler
