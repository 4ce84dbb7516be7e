#include "reconciler/rollout_wait.h"

#include <algorithm>

#include "api/conditions.h"
#include "kube/condition.h"

namespace apiclient::reconciler {
namespace {

constexpr std::chrono::seconds kFirstLook{5};
constexpr std::chrono::minutes kLastLook{5};

bool was_forbidden(const api::ApiClientStatus& status) {
  const kube::Condition* condition = kube::find_condition(status.conditions, api::kRestartIncomplete);
  return condition != nullptr && condition->reason == api::reason::kRestartTargetForbidden;
}

bool is_behind(const Consumer& consumer, const kube::ObjectMeta& client, std::int64_t revision) {
  return consumer.access == Access::found &&
         !(consumer.carries(client, revision) && consumer.rollout == Rollout::complete);
}

std::string describe(const Consumer& consumer) {
  const std::string_view hindrance = hindrance_of(consumer.rollout);
  std::string text = consumer.target.text();
  return hindrance.empty() ? text : text.append(" (").append(hindrance).append(")");
}

}  // namespace

bool needs_consumers(const Observation& seen) {
  const api::ApiClientStatus& status = seen.client.status;
  const bool rotated = !status.rotation.last_reason.empty() && seen.published() != nullptr;
  return rotated && seen.desired.settings.has_secret() && !seen.client.spec.restart_targets.empty() &&
         (status.previous || was_forbidden(status));
}

std::optional<RolloutWait> find_rollout_wait(const Observation& seen, std::chrono::milliseconds overlap,
                                             WallTime retire_at) {
  if (seen.published() == nullptr) return std::nullopt;
  RolloutWait wait;
  for (const Consumer& consumer : seen.consumers) {
    if (is_behind(consumer, seen.client.meta, seen.published()->revision()))
      wait.consumers.push_back(describe(consumer));
  }
  if (wait.consumers.empty()) return std::nullopt;
  const auto accepted = seen.registry->spec.max_overlap.value_or(7 * overlap);
  const auto longest =
      std::min(accepted, seen.registry->info.capabilities.longest_overlap.value_or(accepted));
  wait.until = retire_at + std::max(longest - overlap, std::chrono::milliseconds(0));
  return wait;
}

std::chrono::milliseconds next_rollout_look(std::chrono::milliseconds waited) {
  return std::clamp<std::chrono::milliseconds>(waited / 8, kFirstLook, kLastLook);
}

}  // namespace apiclient::reconciler
