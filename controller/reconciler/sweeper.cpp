#include "reconciler/sweeper.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/names.h"
#include "base/random.h"
#include "reconciler/credential_secret.h"
#include "reconciler/pace.h"
#include "runtime/pause.h"

namespace apiclient::reconciler {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLoggedNames = 100;

milliseconds scaled(milliseconds duration, double factor) {
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(duration.count()) * factor));
}

/// 5 of 60 minutes: a mint is over by then, and after a change of leader the registries have been probed.
milliseconds settling_time() { return sweep_interval() / 12; }

template <typename Names>
std::string joined(const Names& names) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (count++ == kLoggedNames) return text + ", …";
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

}  // namespace

Result<void> Sweeper::run(std::stop_token stop) {
  runtime::pause(scaled(settling_time(), 0.5 + random_unit()), stop);
  while (!stop.stop_requested()) {
    sweep(stop);
    runtime::pause(scaled(sweep_interval(), 0.9 + 0.2 * random_unit()), stop);
  }
  return {};
}

void Sweeper::sweep(const std::stop_token& stop) {
  Suspects orphaned;
  Keys staged;
  const SweepOwners known = owners();
  wiring_.secrets.each([&](const SecretSummary& secret) {
    const SecretFinding finding = judge_secret(secret, known);
    if (finding == SecretFinding::orphaned) orphaned.emplace_back(secret.key, secret.registry);
    if (finding == SecretFinding::staged_without_owner) staged.push_back(secret.key);
  });
  for (const kube::ObjectKey& key : staged) {
    if (stop.stop_requested()) return;
    const auto swept = sweep_staged(key, stop);
    if (!swept)
      log_.warning("staged Secret not swept", {{"secret", key.text()}, {"error", swept.error().message}});
  }
  sweep_registries(orphaned, stop);
  report_orphaned_secrets(orphaned);
}

SweepOwners Sweeper::owners() const {
  SweepOwners all;
  wiring_.clients.each(
      [&](const api::ApiClientSummary& client) { all.emplace(client.uid, sweep_owner(client)); });
  return all;
}

void Sweeper::sweep_registries(const Suspects& suspects, const std::stop_token& stop) {
  std::set<std::string> present;
  for (const RegistryDirectory::Snapshot& registry : wiring_.registries.all()) {
    if (stop.stop_requested()) return;
    present.insert(registry->name);
    if (registry->state == RegistryState::ready && registry->connection)
      sweep_registry(*registry, suspects, stop);
  }
  for (const std::string& name : std::exchange(counted_registries_, present)) {
    if (!present.contains(name)) wiring_.metrics.forget_orphaned_clients(name);
  }
}

void Sweeper::sweep_registry(const RegistrySnapshot& registry, const Suspects& suspects,
                             const std::stop_token& stop) {
  if (!registry.info.capabilities.searchable_mark) {
    return tell(registry, {.secrets = orphaned_secrets(suspects, registry.name)});
  }
  auto clients = find_orphans(registry, stop);
  if (!clients) {
    if (clients.error().kind == ErrorKind::cancelled) return;
    return log_.warning("registry not swept",
                        {{"registry", registry.name}, {"error", clients.error().message}});
  }
  wiring_.metrics.orphaned_clients(registry.name, clients->size());
  tell(registry, {.clients = std::move(*clients), .secrets = orphaned_secrets(suspects, registry.name)});
}

void Sweeper::tell(const RegistrySnapshot& registry, Orphans orphans) {
  const auto before = wiring_.findings.orphans(registry.name, registry.uid);
  const bool other_clients = before.value_or(Orphans()).clients != orphans.clients;
  if (other_clients && !orphans.clients.empty()) {
    log_.warning("clients without an ApiClient", {{"registry", registry.name},
                                                  {"count", orphans.clients.size()},
                                                  {"clients", joined(orphans.clients)}});
  }
  if (wiring_.findings.put(registry.name, registry.uid, std::move(orphans))) wiring_.changed(registry.name);
}

Result<std::vector<std::string>> Sweeper::find_orphans(const RegistrySnapshot& registry,
                                                       const std::stop_token& stop) const {
  backend::Backend& backend = registry.connection->backend();
  ASSIGN_OR_RETURN(std::vector<std::string> listed, backend.list_owned(wiring_.installation_id, stop));
  const SweepOwners before = owners();
  std::vector<backend::RegisteredClient> unclaimed;
  for (const std::string& id : unclaimed_ids(std::move(listed), before, registry.name)) {
    ASSIGN_OR_RETURN(auto client, backend.find(id, stop));
    if (client) unclaimed.push_back(std::move(*client));
  }
  // An object may have gone, or another have taken its client over, while the registry was asked.
  const SweepOwners after = owners();
  std::vector<std::string> orphans;
  for (const backend::RegisteredClient& client : unclaimed) {
    const bool nobodys = is_orphan(client, before, wiring_.installation_id) &&
                         is_orphan(client, after, wiring_.installation_id);
    if (nobodys) orphans.push_back(client.settings.client_id);
  }
  return orphans;
}

std::vector<std::string> Sweeper::orphaned_secrets(const Suspects& suspects,
                                                   const std::string& registry) const {
  std::vector<std::string> names;
  for (const auto& [key, of_registry] : suspects) {
    // The cache may have learned of the owner's end before that of the Secret.
    const bool asked_for = registry.empty() || registry == of_registry;
    if (asked_for && wiring_.secrets.find(key)) names.push_back(key.text());
  }
  std::ranges::sort(names);
  return names;
}

void Sweeper::report_orphaned_secrets(const Suspects& suspects) {
  std::vector<std::string> orphaned = orphaned_secrets(suspects);
  wiring_.metrics.orphaned_secrets(orphaned.size());
  const bool same = orphaned == reported_secrets_;
  reported_secrets_ = std::move(orphaned);
  if (same || reported_secrets_.empty()) return;
  log_.warning("published Secrets without an ApiClient",
               {{"count", reported_secrets_.size()}, {"secrets", joined(reported_secrets_)}});
}

Result<void> Sweeper::sweep_staged(const kube::ObjectKey& key, const std::stop_token& stop) const {
  kube::ObjectMeta secret;
  {
    ASSIGN_OR_RETURN(const std::optional<Json> object, wiring_.client.find(kube::kSecrets, key, stop));
    if (!object) return {};
    ASSIGN_OR_RETURN(secret, kube::read_object_meta(*object));
  }
  if (!is_old_and_ours(secret)) return {};
  ASSIGN_OR_RETURN(const bool gone, owner_is_gone(secret, stop));
  if (!gone) return {};
  const auto deleted = wiring_.client.remove(kube::kSecrets, key, {.uid = secret.uid}, stop);
  wiring_.report.staged_swept(secret, deleted);
  return deleted;
}

bool Sweeper::is_old_and_ours(const kube::ObjectMeta& secret) const {
  const std::string owner(secret.annotation(api::kOwnerUidAnnotation));
  const bool ours = !secret.label(api::kStagedLabel).empty() &&
                    secret.key == staged_key(wiring_.operator_namespace, owner) &&
                    secret.annotation(api::kInstallationAnnotation) == wiring_.installation_id;
  return ours && wiring_.clock.wall_now() - secret.creation_timestamp >= settling_time();
}

Result<bool> Sweeper::owner_is_gone(const kube::ObjectMeta& secret, const std::stop_token& stop) const {
  const kube::ObjectKey key{.namespace_name = std::string(secret.annotation(api::kOwnerNamespaceAnnotation)),
                            .name = std::string(secret.label(api::kNameLabel))};
  // Whom nobody can look up is not known to be gone.
  if (key.namespace_name.empty() || key.name.empty()) return false;
  ASSIGN_OR_RETURN(const std::optional<Json> object, wiring_.client.find(api::kApiClients, key, stop));
  if (!object) return true;
  ASSIGN_OR_RETURN(const kube::ObjectMeta owner, kube::read_object_meta(*object));
  return owner.uid != secret.annotation(api::kOwnerUidAnnotation);
}

}  // namespace apiclient::reconciler
