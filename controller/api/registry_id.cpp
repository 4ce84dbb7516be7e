#include "api/registry_id.h"

#include "api/names.h"

namespace apiclient::api {
namespace {

std::string joined(std::string_view before, std::string_view after) {
  return std::string(before).append("/").append(after);
}

}  // namespace

std::string registry_id(std::string_view kind, std::string_view name, std::string_view namespace_name) {
  if (name.empty()) return {};
  if (kind == kClientRegistries.kind) return joined(namespace_name, name);
  const bool impossible = name.find('/') != std::string_view::npos;
  return impossible ? joined(kClusterClientRegistries.kind, name) : std::string(name);
}

bool is_namespaced_registry(std::string_view id) { return id.find('/') != std::string_view::npos; }

kube::ObjectKey registry_key(std::string_view id) {
  const std::size_t slash = id.find('/');
  if (slash == std::string_view::npos) return {.namespace_name = {}, .name = std::string(id)};
  return {.namespace_name = std::string(id.substr(0, slash)), .name = std::string(id.substr(slash + 1))};
}

const kube::ResourceType& registry_type(const kube::ObjectKey& key) {
  return key.namespace_name.empty() ? kClusterClientRegistries : kClientRegistries;
}

std::string_view registry_kind(std::string_view id) {
  return is_namespaced_registry(id) ? kClientRegistries.kind : kClusterClientRegistries.kind;
}

std::string registry_name(std::string_view id) { return registry_key(id).name; }

std::string registry_title(std::string_view id) {
  return std::string(registry_kind(id)).append(" ").append(id);
}

}  // namespace apiclient::api
