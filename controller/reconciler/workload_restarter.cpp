#include "reconciler/workload_restarter.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "api/names.h"

namespace apiclient::reconciler {
namespace {

/// What the API server's no means for a target; empty where the next pass has to look again. An admission
/// policy says no with 422 (`invalid`).
std::optional<Access> access_after(const Error& error) {
  if (error.kind == ErrorKind::not_found) return Access::absent;
  const bool refused = error.kind == ErrorKind::forbidden || error.kind == ErrorKind::invalid;
  return refused ? std::optional(Access::forbidden) : std::nullopt;
}

Result<Consumer> without_access(Consumer consumer, Error error) {
  const auto access = access_after(error);
  if (!access) return fail(std::move(error));
  consumer.access = *access;
  consumer.refusal = std::move(error.message);
  return consumer;
}

kube::ObjectKey key_of(const api::RestartTarget& target, const kube::ObjectMeta& client) {
  return {.namespace_name = client.key.namespace_name, .name = target.name};
}

}  // namespace

Result<Consumer> WorkloadRestarter::find(const api::RestartTarget& target, const kube::ObjectMeta& client,
                                         std::stop_token stop) {
  auto object = client_.find(api::resource_type_of(target.kind), key_of(target, client), std::move(stop));
  if (!object) return without_access({.target = target}, std::move(object).error());
  if (!*object) return Consumer{.target = target, .access = Access::absent};
  return read_consumer(target, client, **object);
}

Result<WorkloadRestarter::Restart> WorkloadRestarter::restart(const api::RestartTarget& target,
                                                              const kube::ObjectMeta& client,
                                                              std::int64_t revision, std::stop_token stop) {
  ASSIGN_OR_RETURN(Consumer consumer, find(target, client, stop));
  if (consumer.access != Access::found || consumer.carries(client, revision)) {
    return Restart{.consumer = std::move(consumer)};
  }
  auto patched =
      client_.merge_patch(api::resource_type_of(target.kind), key_of(target, client),
                          restart_patch(consumer, client, revision), api::kFieldManager, std::move(stop));
  if (!patched) {
    ASSIGN_OR_RETURN(Consumer refused, without_access(std::move(consumer), std::move(patched).error()));
    return Restart{.consumer = std::move(refused)};
  }
  ASSIGN_OR_RETURN(Consumer restarted, read_consumer(target, client, *patched));
  return Restart{.consumer = std::move(restarted), .written = true};
}

}  // namespace apiclient::reconciler
