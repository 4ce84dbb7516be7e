#include "reconciler/registry_directory.h"

#include "api/conditions.h"
#include "api/registry_id.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;

Refusal refuse(std::string_view why, std::string message, bool stalled = false) {
  return {.reason = std::string(why), .message = std::move(message), .stalled = stalled};
}

/// Pinned by the status once a client is registered: a moved default marker never moves a client.
std::string wanted_registry(const api::ApiClient& client) {
  const bool pinned = client.status.registry && !client.status.client_id.empty();
  return pinned ? client.pinned_registry() : client.wanted_registry();
}

Resolution check_use(const RegistryDirectory::Snapshot& registry, const api::ApiClient& client,
                     const kube::StringMap& namespace_labels) {
  if (!allows_namespace(*registry, namespace_labels)) {
    return refuse(reason::kNamespaceNotAllowed, "namespace " + client.meta.key.namespace_name +
                                                    " is not selected by spec.allowedNamespaces of " +
                                                    api::registry_title(registry->name) +
                                                    "; label the namespace or use another registry");
  }
  const auto& pinned = client.status.registry;
  if (registry->deleting && (!pinned || client.status.client_id.empty())) {
    return refuse(reason::kRegistryNotFound, api::registry_title(registry->name) +
                                                 " is being deleted; set spec.registryRef to another one");
  }
  if (pinned && !client.status.client_id.empty() && pinned->issuer != registry->spec.issuer) {
    return refuse(reason::kRegistryChanged,
                  api::registry_title(registry->name) + " has issuer " + registry->spec.issuer +
                      " now, but this client was issued at " + pinned->issuer +
                      "; restore the registry object, or delete and re-create this ApiClient",
                  true);
  }
  return registry;
}

}  // namespace

bool allows_namespace(const RegistrySnapshot& registry, const kube::StringMap& labels) {
  const auto& allowed = registry.spec.allowed_namespaces;
  return !allowed || allowed->matches(labels);
}

RegistryDirectory::Snapshot RegistryDirectory::put(Snapshot registry) {
  auto entries = entries_.lock();
  Snapshot& slot = (*entries)[registry->name];
  slot.swap(registry);
  return registry;
}

void RegistryDirectory::expect(const std::string& name) { entries_.lock()->try_emplace(name, nullptr); }

bool RegistryDirectory::awaits_probe(const std::string& name) const {
  const auto entries = entries_.lock();
  const auto found = entries->find(name);
  return found != entries->end() && !found->second;
}

RegistryDirectory::Snapshot RegistryDirectory::remove(const std::string& name) {
  auto entries = entries_.lock();
  const auto found = entries->find(name);
  if (found == entries->end()) return nullptr;
  Snapshot before = std::move(found->second);
  entries->erase(found);
  return before;
}

std::vector<RegistryDirectory::Snapshot> RegistryDirectory::all() const {
  std::vector<Snapshot> probed;
  const auto entries = entries_.lock();
  for (const auto& [name, registry] : *entries) {
    if (registry) probed.push_back(registry);
  }
  return probed;
}

RegistryDirectory::Snapshot RegistryDirectory::find(const std::string& name) const {
  const auto entries = entries_.lock();
  const auto found = entries->find(name);
  return found == entries->end() ? nullptr : found->second;
}

Resolution RegistryDirectory::resolve_name(const Entries& entries, const std::string& name) {
  const auto found = entries.find(name);
  if (found == entries.end()) {
    return refuse(reason::kRegistryNotFound,
                  api::registry_title(name) + " does not exist; create it or change spec.registryRef.name");
  }
  if (!found->second) return NotYetKnown{};
  return found->second;
}

Resolution RegistryDirectory::resolve_default(const Entries& entries) {
  Snapshot chosen;
  bool waiting = false;
  for (const auto& [name, registry] : entries) {
    // What a namespace has, and how long it takes to answer, is nothing to the others.
    if (api::is_namespaced_registry(name)) continue;
    if (!registry) waiting = true;
    if (!registry || !registry->is_default || registry->deleting) continue;
    if (chosen) {
      return refuse(
          reason::kAmbiguousDefaultRegistry,
          "ClusterClientRegistries " + std::min(chosen->name, name) + " and " + std::max(chosen->name, name) +
              " both carry apiclient.dev/is-default-registry; remove it from one, or set spec.registryRef");
    }
    chosen = registry;
  }
  if (waiting) return NotYetKnown{};
  if (!chosen) {
    return refuse(
        reason::kNoDefaultRegistry,
        "no ClusterClientRegistry carries apiclient.dev/is-default-registry: \"true\"; annotate one, or set "
        "spec.registryRef");
  }
  return chosen;
}

std::optional<Refusal> RegistryDirectory::refuse_kind(const std::string& name) const {
  if (allow_namespaced_ || !api::is_namespaced_registry(name)) return std::nullopt;
  return refuse(reason::kNamespacedRegistriesDisabled,
                api::registry_title(name) +
                    " is not used, since the operator runs without --allow-namespaced-registries; set "
                    "spec.registryRef to a ClusterClientRegistry, or have the flag set",
                true);
}

Resolution RegistryDirectory::look_up(const std::string& name) const {
  const auto entries = entries_.lock();
  return name.empty() ? resolve_default(*entries) : resolve_name(*entries, name);
}

Resolution RegistryDirectory::resolve(const api::ApiClient& client,
                                      const kube::StringMap& namespace_labels) const {
  const std::string name = wanted_registry(client);
  if (auto refusal = refuse_kind(name)) return std::move(*refusal);
  const Resolution resolution = look_up(name);
  const auto* registry = std::get_if<Snapshot>(&resolution);
  return registry == nullptr ? resolution : check_use(*registry, client, namespace_labels);
}

}  // namespace apiclient::reconciler
