#include "reconciler/registry_news.h"

#include "api/registry_id.h"
#include "base/random.h"
#include "runtime/spread.h"

namespace apiclient::reconciler {
namespace {

/// It is registered there, or may want to be.
bool may_use(const api::ApiClientSummary& client, const std::string& registry) {
  if (!client.pinned_registry.empty()) return client.pinned_registry == registry;
  const bool wants_default = client.registry_name.empty() && !api::is_namespaced_registry(registry);
  return wants_default || client.registry_name == registry;
}

}  // namespace

void tell_clients(
    const RegistryNews& news, const runtime::Store<api::ApiClientSummary>& clients, PassMemory& memory,
    const std::function<void(const kube::ObjectKey& client, std::chrono::milliseconds delay)>& look_again) {
  std::size_t count = 0;
  clients.each([&](const api::ApiClientSummary& client) {
    if (!may_use(client, news.registry)) return;
    if (news.spec_changed) memory.request_check(client.key, Doubt::state);
    // After a start nearly all of them are as they should be, which costs the registry nothing.
    look_again(client.key, news.first ? std::chrono::milliseconds(0)
                                      : runtime::spread_delay(count++, kClientsPerSecond, random_unit()));
  });
}

}  // namespace apiclient::reconciler
