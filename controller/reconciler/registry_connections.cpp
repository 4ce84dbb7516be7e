#include "reconciler/registry_connections.h"

#include <utility>

namespace apiclient::reconciler {

RegistryConnections::Connection RegistryConnections::made_from(const std::string& id,
                                                               const Origin& origin) const {
  const auto known = known_.lock();
  const auto found = known->find(id);
  return found != known->end() && found->second.origin == origin ? found->second.connection : nullptr;
}

RegistryConnections::Connection RegistryConnections::last_of(const kube::ObjectMeta& registry) const {
  const auto known = known_.lock();
  const auto found = known->find(registry.key.text());
  const bool same = found != known->end() && found->second.origin.uid == registry.uid;
  return same ? found->second.connection : nullptr;
}

void RegistryConnections::put(const std::string& id, Origin origin, Connection connection) {
  (*known_.lock())[id] = {.origin = std::move(origin), .connection = std::move(connection)};
}

void RegistryConnections::forget(const std::string& id) { known_.lock()->erase(id); }

std::optional<RegistryConnections::Held> RegistryConnections::take_turn(const std::string& id, BootTime now) {
  auto known = known_.lock();
  Known& one = known->at(id);
  if (now < one.next_probe && (one.last.trouble || !one.suspected)) {
    return Held{.outcome = one.last,
                .too_early_by = std::chrono::ceil<std::chrono::milliseconds>(one.next_probe - now)};
  }
  one.suspected = false;
  return std::nullopt;
}

void RegistryConnections::note(const std::string& id, Outcome outcome, BootTime next_probe) {
  auto known = known_.lock();
  Known& one = known->at(id);
  one.last = std::move(outcome);
  one.next_probe = next_probe;
}

void RegistryConnections::suspect(const std::string& id) {
  auto known = known_.lock();
  const auto found = known->find(id);
  if (found != known->end()) found->second.suspected = true;
}

void RegistryConnections::make_due(const std::string& id) {
  auto known = known_.lock();
  const auto found = known->find(id);
  if (found != known->end()) found->second.next_probe = BootTime::min();
}

}  // namespace apiclient::reconciler
