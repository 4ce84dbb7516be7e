#include "app/watch_scopes.h"

#include <initializer_list>
#include <set>

#include "api/names.h"

namespace apiclient::app {
namespace {

using Scopes = std::vector<runtime::ReflectorOptions>;

runtime::ReflectorOptions metadata_of(const kube::ResourceType& type, std::string label_selector = {}) {
  return {.type = type, .label_selector = std::move(label_selector), .content = kube::Content::metadata};
}

std::string selector(std::string_view label, std::string_view value) {
  return std::string(label) + "=" + std::string(value);
}

/// The same scope for each name, which stands in `member` of it.
Scopes one_for_each(const std::set<std::string>& names, const runtime::ReflectorOptions& scope,
                    std::string runtime::ReflectorOptions::*member) {
  Scopes scopes;
  for (const std::string& name : names) scopes.emplace_back(scope).*member = name;
  return scopes;
}

/// Those in the namespaces that are looked after, and in `others`.
Scopes watched(const Options& options, const runtime::ReflectorOptions& objects,
               std::initializer_list<std::string> others = {}) {
  if (options.watch_namespaces.empty()) return {objects};
  std::set<std::string> names(others);
  names.insert(options.watch_namespaces.begin(), options.watch_namespaces.end());
  return one_for_each(names, objects, &runtime::ReflectorOptions::namespace_name);
}

}  // namespace

Scopes watched_clients(const Options& options) { return watched(options, {.type = api::kApiClients}); }

Scopes watched_cluster_registries(const Options& options) {
  return {{.type = api::kClusterClientRegistries, .label_selector = options.registry_selector}};
}

Scopes watched_namespaced_registries(const Options& options) {
  return watched(options, {.type = api::kClientRegistries});
}

Scopes watched_secrets(const Options& options, const std::string& own_namespace) {
  return watched(options, metadata_of(kube::kSecrets, selector(api::kManagedByLabel, api::kManagedBy)),
                 {own_namespace});
}

Scopes watched_credentials(const Options& options, const std::string& own_namespace) {
  auto usable = metadata_of(kube::kSecrets, selector(api::kUsableByLabel, api::kUsableByRegistry));
  if (options.allow_namespaced_registries) return watched(options, usable, {own_namespace});
  usable.namespace_name = own_namespace;
  return {usable};
}

Scopes watched_namespaces(const Options& options) {
  const auto all = metadata_of(kube::kNamespaces);
  if (options.watch_namespaces.empty()) return {all};
  return one_for_each({options.watch_namespaces.begin(), options.watch_namespaces.end()}, all,
                      &runtime::ReflectorOptions::object_name);
}

}  // namespace apiclient::app
