#include "reconciler/change_router.h"

#include <tuple>

#include "api/names.h"
#include "api/registry_id.h"
#include "reconciler/registry_credentials.h"

namespace apiclient::reconciler {
namespace {

using runtime::Change;
using runtime::Priority;

kube::ObjectKey secret_of(const api::ApiClientSummary& client) {
  return {.namespace_name = client.key.namespace_name, .name = client.secret_name};
}

/// What a registry's reconciler acts by; the status, which it writes itself, is not in it.
auto marks_of(const api::ClientRegistry& registry) {
  return std::tuple(registry.meta.generation, registry.meta.uid, registry.meta.deleting(),
                    registry.meta.annotation(api::kAcceptStateLossAnnotation));
}

}  // namespace

void ChangeRouter::client_changed(const Change<api::ApiClientSummary>& change) {
  count_user(change.before ? used_registry(*change.before) : "",
             change.after ? used_registry(*change.after) : "");
  const Priority priority = change.initial ? Priority::resync : Priority::normal;
  if (change.before) wiring_.claims.remove(secret_of(*change.before), change.before->uid);
  if (change.after) {
    wiring_.claims.add(secret_of(*change.after), {change.after->created_at, change.after->uid}, change.key());
    if (wiring_.client_writes.take(change.key(), change.after->resource_version)) return;
  } else {
    // Whoever waited for the Secret's name may have it now.
    for (const kube::ObjectKey& key : wiring_.claims.claimants(secret_of(*change.before))) {
      wiring_.client_queue.add(key);
    }
  }
  wiring_.client_queue.add(change.key(), priority);
}

/// A registry is looked at when its first client comes and its last one goes, and when it waits to be
/// deleted.
void ChangeRouter::count_user(const std::string& from, const std::string& to) {
  if (from == to) return;
  wiring_.users.move(from, to);
  for (const std::string& id : {from, to}) {
    const auto registry = find_registry(id);
    if (!registry) continue;
    const bool in_use = wiring_.users.count(id) > 0;
    const bool as_marked = registry->meta.has_finalizer(api::kInUseFinalizer) == in_use;
    if (!as_marked || registry->meta.deleting()) look_at(registry->key);
  }
}

std::shared_ptr<const api::ClientRegistry> ChangeRouter::find_registry(const std::string& id) const {
  const kube::ObjectKey key = api::registry_key(id);
  if (key.namespace_name.empty()) return wiring_.registries.find(key);
  return wiring_.namespaced_registries != nullptr ? wiring_.namespaced_registries->find(key) : nullptr;
}

void ChangeRouter::look_at_registry(const std::string& id) { look_at(api::registry_key(id)); }

void ChangeRouter::look_at(const kube::ObjectKey& registry) {
  (registry.namespace_name.empty() ? wiring_.registry_queue : wiring_.namespaced_registry_queue)
      .add(registry);
}

void ChangeRouter::secret_changed(const Change<SecretSummary>& change) {
  if (change.before && change.before->former) wiring_.formers.remove(change.before->owner_uid, change.key());
  if (change.after && change.after->former) wiring_.formers.add(change.after->owner_uid, change.key());
  if (change.initial || !change.before) return;
  if (change.after && wiring_.secret_writes.take(change.key(), change.after->resource_version)) return;
  if (!change.after) wiring_.secret_writes.forget(change.key());
  if (change.before->staged || change.before->registration) return;
  const kube::ObjectKey owner{.namespace_name = change.key().namespace_name,
                              .name = change.before->owner_name};
  wiring_.memory.request_check(owner, Doubt::secret);
  wiring_.client_queue.add(owner);
}

void ChangeRouter::registry_changed(const Change<api::ClientRegistry>& change) {
  if (change.after) wiring_.directory.expect(change.after->id());
  const bool was_default = change.before && change.before->is_default();
  const bool is_default = change.after && change.after->is_default();
  if (was_default != is_default) look_at_default_registries();
  const bool same = change.before && change.after && was_default == is_default &&
                    marks_of(*change.before) == marks_of(*change.after);
  if (!same) look_at(change.key());
}

/// Each says whether it is the only one.
void ChangeRouter::look_at_default_registries() {
  wiring_.registries.each([this](const api::ClientRegistry& registry) {
    if (registry.is_default()) wiring_.registry_queue.add(registry.key);
  });
}

/// Of a cluster registry in the operator's namespace, of any other in its own.
void ChangeRouter::credentials_changed(const kube::ObjectKey& secret) {
  const auto look_where_used = [&](const api::ClientRegistry& registry) {
    const std::string& own = registry.key.namespace_name;
    const bool in_reach = secret.namespace_name == (own.empty() ? wiring_.operator_namespace : own);
    if (in_reach && secrets_of(registry.spec).contains(secret.name)) look_at(registry.key);
  };
  wiring_.registries.each(look_where_used);
  if (wiring_.namespaced_registries != nullptr) wiring_.namespaced_registries->each(look_where_used);
}

/// Registries choose namespaces by their labels.
void ChangeRouter::namespace_changed(const Change<kube::ObjectMeta>& change) {
  if (!change.before || !change.after || change.before->labels == change.after->labels) return;
  wiring_.clients.each([&](const api::ApiClientSummary& client) {
    if (client.key.namespace_name == change.key().name) wiring_.client_queue.add(client.key);
  });
}

void ChangeRouter::registry_has_news(const RegistryNews& news) {
  tell_clients(news, wiring_.clients, wiring_.memory,
               [this](const kube::ObjectKey& client, std::chrono::milliseconds delay) {
                 wiring_.client_queue.add_after(client, delay, Priority::resync);
               });
}

}  // namespace apiclient::reconciler
