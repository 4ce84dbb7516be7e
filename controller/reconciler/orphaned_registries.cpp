#include "reconciler/orphaned_registries.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "api/names.h"
#include "api/registry_id.h"
#include "json/reader.h"
#include "kube/object_meta.h"

namespace apiclient::reconciler {
namespace {

constexpr const char* kIssuer = "issuer";

/// Names of objects have at most 253 characters, those of registries too.
std::string name_of(const std::string& registry) {
  constexpr std::size_t kLongest = 253;
  const kube::ObjectKey key = api::registry_key(registry);
  // A namespace's name holds no dot, so two of a kind never meet.
  const std::string prefix =
      key.namespace_name.empty() ? "orphaned." : "orphaned-namespaced." + key.namespace_name + ".";
  return (prefix + key.name).substr(0, kLongest);
}

}  // namespace

kube::ObjectKey OrphanedRegistries::key_of(const std::string& registry) const {
  return {.namespace_name = namespace_, .name = name_of(registry)};
}

Result<void> OrphanedRegistries::remember(const std::string& registry, const std::string& issuer,
                                          std::stop_token stop) {
  const kube::ObjectKey key = key_of(registry);
  Json object{{"apiVersion", "v1"},
              {"kind", "ConfigMap"},
              {"metadata", {{"namespace", key.namespace_name}, {"name", key.name}}},
              {"data", {{kIssuer, issuer}}}};
  ASSIGN_OR_RETURN(const std::optional<Json> known, client_.find(kube::kConfigMaps, key, stop));
  if (!known) {
    auto created = client_.create(kube::kConfigMaps, object, api::kFieldManager, std::move(stop));
    if (!created) return failure_of(std::move(created));
    return {};
  }
  ASSIGN_OR_RETURN(const kube::ObjectMeta meta, kube::read_object_meta(*known));
  object["metadata"]["uid"] = meta.uid;
  object["metadata"]["resourceVersion"] = meta.resource_version;
  auto written = client_.replace(kube::kConfigMaps, object, api::kFieldManager, std::move(stop));
  if (!written) return failure_of(std::move(written));
  return {};
}

Result<bool> OrphanedRegistries::contains(const std::string& registry, const std::string& issuer,
                                          std::stop_token stop) const {
  ASSIGN_OR_RETURN(const std::optional<Json> found,
                   client_.find(kube::kConfigMaps, key_of(registry), std::move(stop)));
  if (!found) return false;
  json::Problems ignored;
  const std::string of = json::Reader(*found, ignored).object("data").optional_text(kIssuer).value_or("");
  return issuer.empty() || issuer == of;
}

}  // namespace apiclient::reconciler
