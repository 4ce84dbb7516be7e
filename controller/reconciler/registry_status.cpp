#include "reconciler/registry_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "base/backoff.h"
#include "base/duration.h"

namespace apiclient::reconciler {
namespace {

using kube::ConditionStatus;
namespace reason = api::reason;

constexpr Backoff kProbeBackoff{.initial = std::chrono::seconds(1), .cap = std::chrono::minutes(5)};

void set(api::ClientRegistryStatus& status, std::string_view type, ConditionStatus value,
         std::string_view why, std::string_view message, WallTime now) {
  kube::set_condition(status.conditions,
                      {.type = std::string(type),
                       .status = value,
                       .reason = std::string(why),
                       .message = std::string(message),
                       .observed_generation = status.observed_generation},
                      now);
}

Json write_capabilities(const backend::Capabilities& can) {
  const auto chooser = [](bool registry) { return registry ? "Registry" : "Operator"; };
  Json written{{"clientIdChosenBy", chooser(can.chooses_client_id)},
               {"secretChosenBy", chooser(can.chooses_secret)},
               {"rotatedSecretChosenBy", chooser(can.chooses_secret || can.chooses_rotated_secret)},
               {"secretReadable", can.reads_secret_back},
               {"maxSecrets", can.max_secrets},
               {"secretIds", can.secrets_have_ids},
               {"endsOverlap", can.ends_overlap_itself()},
               {"searchableMark", can.searchable_mark},
               {"idempotencyKey", can.idempotency_key},
               {"disable", can.can_disable},
               {"lastUsed", can.tells_last_use}};
  if (can.longest_overlap) written["longestOverlap"] = format_duration(*can.longest_overlap);
  if (can.secret_lifetime) written["secretLifetime"] = format_duration(*can.secret_lifetime);
  return written;
}

/// A warning, no trouble.
void set_warnings(const api::ClientRegistry& registry, api::ClientRegistryStatus& status, WallTime now) {
  if (!registry.spec.tls.insecure_skip_verify) {
    return kube::remove_condition(status.conditions, api::kInsecureTls);
  }
  set(status, api::kInsecureTls, ConditionStatus::true_value, reason::kInsecureSkipVerify,
      "spec.tls.insecureSkipVerify is true: whoever stands between the operator and the registry can read "
      "every secret; give the registry's CA in spec.tls.caBundle or caSecretRef instead",
      now);
}

/// Everything that a good probe says, but for Ready and Stalled.
api::ClientRegistryStatus describe(const api::ClientRegistry& registry, const backend::RegistryInfo& info,
                                   WallTime now) {
  api::ClientRegistryStatus status = registry.status;
  status.observed_generation = registry.meta.generation;
  kube::remove_condition(status.conditions, api::kReconciling);
  set_warnings(registry, status, now);
  status.backend = registry.spec.backend;
  status.server_version = info.server_version;
  status.endpoints = {.token_url = info.endpoints.token,
                      .authorization_url = info.endpoints.authorization,
                      .jwks_url = info.endpoints.jwks,
                      .user_info_url = info.endpoints.user_info};
  status.capabilities = write_capabilities(info.capabilities);
  status.failure_count = 0;
  status.failure_time.reset();
  status.next_retry_time.reset();
  return status;
}

}  // namespace

WallTime trouble_began(const api::ClientRegistryStatus& status, WallTime now) {
  const kube::Condition* ready = kube::find_condition(status.conditions, api::kReady);
  const bool in_trouble = ready != nullptr && ready->status == ConditionStatus::false_value &&
                          ready->reason != reason::kAmbiguousDefaultRegistry;
  return in_trouble ? ready->last_transition_time : now;
}

std::chrono::milliseconds probe_delay(int failures, const RegistryTrouble& trouble) {
  return std::max(kProbeBackoff.delay(failures), trouble.retry_after.value_or(std::chrono::milliseconds(0)));
}

api::ClientRegistryStatus summarise_ready(const api::ClientRegistry& registry,
                                          const backend::RegistryInfo& info, WallTime now) {
  api::ClientRegistryStatus status = describe(registry, info, now);
  set(status, api::kReady, ConditionStatus::true_value, reason::kReachable,
      "the registry answers as " + registry.spec.issuer, now);
  kube::remove_condition(status.conditions, api::kStalled);
  return status;
}

api::ClientRegistryStatus summarise_ambiguous(const api::ClientRegistry& registry,
                                              const backend::RegistryInfo& info, const std::string& other,
                                              WallTime now) {
  api::ClientRegistryStatus status = describe(registry, info, now);
  const std::string message =
      "ClusterClientRegistry " + other +
      " carries apiclient.dev/is-default-registry: \"true\" too, so ApiClients without spec.registryRef get "
      "neither; remove the annotation from one of them";
  set(status, api::kReady, ConditionStatus::false_value, reason::kAmbiguousDefaultRegistry, message, now);
  set(status, api::kStalled, ConditionStatus::true_value, reason::kAmbiguousDefaultRegistry, message, now);
  return status;
}

api::ClientRegistryStatus summarise_trouble(const api::ClientRegistry& registry,
                                            const RegistryTrouble& trouble, WallTime now) {
  api::ClientRegistryStatus status = registry.status;
  status.observed_generation = registry.meta.generation;
  status.backend = registry.spec.backend;
  set_warnings(registry, status, now);
  set(status, api::kReady, ConditionStatus::false_value, trouble.reason, trouble.message, now);
  set(status, trouble.stalled ? api::kStalled : api::kReconciling, ConditionStatus::true_value,
      trouble.reason, trouble.message, now);
  kube::remove_condition(status.conditions, trouble.stalled ? api::kReconciling : api::kStalled);
  if (trouble.stalled) {
    status.failure_count = 0;
    status.failure_time.reset();
    status.next_retry_time.reset();
    return status;
  }
  status.next_retry_time = now + probe_delay(status.failure_count, trouble);
  status.failure_time = now;
  ++status.failure_count;
  return status;
}

}  // namespace apiclient::reconciler
