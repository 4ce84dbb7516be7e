#include "api/api_client_summary.h"

#include <nlohmann/json.hpp>

#include "api/api_client.h"
#include "api/conditions.h"
#include "api/names.h"

namespace apiclient::api {
namespace {

kube::ConditionStatus status_of(const ApiClientStatus& status, std::string_view type) {
  const kube::Condition* condition = kube::find_condition(status.conditions, type);
  return condition == nullptr ? kube::ConditionStatus::unknown : condition->status;
}

bool handled(const ApiClient& client) {
  const std::string_view rotate = client.meta.annotation(kRotateAnnotation);
  const std::string_view revoke = client.meta.annotation(kRevokePreviousAnnotation);
  const std::string_view reconcile = client.meta.annotation(kReconcileAnnotation);
  const RotationStatus& rotation = client.status.rotation;
  const bool done = rotate.empty() || rotate == rotation.last_handled_token;
  // A refusal is shown only as long as its token is there.
  return rotation.refused_token == (done ? "" : shown_token(rotate)) &&
         (revoke.empty() || shown_token(revoke) == rotation.last_handled_revoke) &&
         (reconcile.empty() || reconcile == client.status.last_handled_reconcile);
}

}  // namespace

Result<ApiClientSummary> read_api_client_summary(const Json& object) {
  ASSIGN_OR_RETURN(const ApiClient client, read_api_client(object));
  ApiClientSummary summary{.key = client.meta.key,
                           .uid = client.meta.uid,
                           .resource_version = client.meta.resource_version,
                           .created_at = client.meta.creation_timestamp,
                           .next_rotation = client.status.rotation.next_time,
                           .generation = client.meta.generation,
                           .observed_generation = client.status.observed_generation,
                           .revision = client.status.credential ? client.status.credential->revision : 0,
                           .secret_name = client.secret_name(),
                           .binding_name = client.status.binding_name,
                           .registry_name = client.wanted_registry(),
                           .pinned_registry = client.pinned_registry(),
                           .client_id = client.status.client_id};
  summary.ready = status_of(client.status, kReady);
  summary.registered = status_of(client.status, kRegistered);
  summary.stalled = status_of(client.status, kStalled) == kube::ConditionStatus::true_value;
  summary.reconciling = status_of(client.status, kReconciling) == kube::ConditionStatus::true_value;
  if (client.status.credential) summary.issued_at = client.status.credential->issued_at;
  summary.overlap_active = client.status.previous.has_value();
  if (client.status.previous) summary.overlap_ends = client.status.previous->retire_at;
  summary.deleting = client.meta.deleting();
  summary.has_finalizer = client.meta.has_finalizer(kCleanupFinalizer);
  summary.tokens_handled = handled(client);
  return summary;
}

}  // namespace apiclient::api
