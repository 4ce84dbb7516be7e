#include "reconciler/consumer.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "api/names.h"

namespace apiclient::reconciler {
namespace {

/// The annotations of the pod template; a template without any has an empty map.
std::string template_annotation(const Json& workload, std::string_view name) {
  json::Problems ignored;
  const json::Reader metadata =
      json::Reader(workload, ignored).object("spec").object("template").object("metadata");
  return metadata.object("annotations").optional_text(name).value_or("");
}

}  // namespace

std::string restart_annotation(const kube::ObjectMeta& client) {
  return client.key.name + "." + std::string(api::kCredentialRevisionAnnotation);
}

std::string restart_value(const kube::ObjectMeta& client, std::int64_t revision) {
  return std::to_string(revision) + "." + client.uid;
}

bool Consumer::carries(const kube::ObjectMeta& client, std::int64_t revision) const {
  std::int64_t number = 0;
  const char* const end = carried.data() + carried.size();
  const auto [rest, error] = std::from_chars(carried.data(), end, number);
  return error == std::errc() && std::string_view(rest, end) == "." + client.uid && number >= revision;
}

Result<Consumer> read_consumer(const api::RestartTarget& target, const kube::ObjectMeta& client,
                               const Json& workload) {
  ASSIGN_OR_RETURN(const kube::ObjectMeta meta, kube::read_object_meta(workload));
  return Consumer{.target = target,
                  .access = meta.deleting() ? Access::absent : Access::found,
                  .uid = meta.uid,
                  .carried = template_annotation(workload, restart_annotation(client)),
                  .rollout = read_rollout(target.kind, workload)};
}

Json restart_patch(const Consumer& consumer, const kube::ObjectMeta& client, std::int64_t revision) {
  const Json annotations{{restart_annotation(client), restart_value(client, revision)}};
  return {{"metadata", {{"uid", consumer.uid}}},
          {"spec", {{"template", {{"metadata", {{"annotations", annotations}}}}}}}};
}

}  // namespace apiclient::reconciler
