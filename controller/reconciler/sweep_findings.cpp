#include "reconciler/sweep_findings.h"

#include <algorithm>
#include <utility>

#include "api/conditions.h"

namespace apiclient::reconciler {
namespace {

constexpr std::size_t kNamedIds = 5;

std::string message_of(const SweepFindings::Ids& orphans) {
  std::string text = std::to_string(orphans.size()) + (orphans.size() == 1 ? " client" : " clients") +
                     " of this installation without an ApiClient; delete in the registry what nobody needs: ";
  const std::size_t named = std::min(orphans.size(), kNamedIds);
  for (std::size_t i = 0; i < named; ++i) text += (i == 0 ? "" : ", ") + orphans[i];
  if (named < orphans.size()) text += " and " + std::to_string(orphans.size() - named) + " more";
  return text;
}

}  // namespace

bool SweepFindings::put(const std::string& registry, const std::string& uid, Ids orphans) {
  auto entries = entries_.lock();
  const auto found = entries->find(registry);
  if (found != entries->end() && found->second.uid == uid && found->second.orphans == orphans) return false;
  (*entries)[registry] = {.uid = uid, .orphans = std::move(orphans)};
  return true;
}

std::optional<SweepFindings::Ids> SweepFindings::orphans(const std::string& registry,
                                                         const std::string& uid) const {
  const auto entries = entries_.lock();
  const auto found = entries->find(registry);
  if (found == entries->end() || found->second.uid != uid) return std::nullopt;
  return found->second.orphans;
}

void SweepFindings::forget(const std::string& registry) { entries_.lock()->erase(registry); }

void note_orphans(const api::ClientRegistry& registry, const std::optional<SweepFindings::Ids>& orphans,
                  WallTime now, api::ClientRegistryStatus& status) {
  if (!orphans) return;
  if (orphans->empty()) return kube::remove_condition(status.conditions, api::kOrphans);
  kube::set_condition(status.conditions,
                      {.type = std::string(api::kOrphans),
                       .status = kube::ConditionStatus::true_value,
                       .reason = std::string(api::reason::kOrphanedClients),
                       .message = message_of(*orphans),
                       .observed_generation = registry.meta.generation},
                      now);
}

}  // namespace apiclient::reconciler
