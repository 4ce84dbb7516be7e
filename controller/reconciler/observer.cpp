#include "reconciler/observer.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "api/names.h"
#include "reconciler/adoption.h"
#include "reconciler/reregister_plan.h"
#include "reconciler/rollout_wait.h"
#include "reconciler/workload_restarter.h"

namespace apiclient::reconciler {
namespace {

/// A published value is in doubt when the registry knows no secret of its revision.
bool registry_disagrees(const Observation& seen) {
  const TargetSecret* published = seen.published();
  if (!seen.registered || published == nullptr || published->value.empty()) return false;
  if (!seen.registry->info.capabilities.secrets_have_ids) return false;
  const std::int64_t revision = published->revision();
  for (const backend::Credential& credential : seen.registered->credentials) {
    if (credential.revision == revision) return false;
  }
  return true;
}

TargetOwner owner_of_target(const TargetSecret& secret, const kube::ObjectMeta& client,
                            const std::string& installation_id) {
  if (secret.owner_uid().empty() || secret.installation_id() != installation_id) return TargetOwner::foreign;
  // By uid alone: somebody may have taken our labels off.
  if (secret.owner_uid() == client.uid) return TargetOwner::us;
  // Of an object of our name that is gone: a name has one object at a time.
  return secret.meta.label(api::kNameLabel) == client.key.name ? TargetOwner::our_past
                                                               : TargetOwner::other_client;
}

}  // namespace

Observer::Observer(kube::Client& client, CredentialJournal& journal, const SecretClaims& claims,
                   const FormerSecrets& formers, std::string installation_id)
    : client_(client),
      journal_(journal),
      claims_(claims),
      formers_(formers),
      installation_id_(std::move(installation_id)) {}

Result<std::optional<api::ApiClient>> Observer::find_client(const kube::ObjectKey& key,
                                                            std::stop_token stop) {
  ASSIGN_OR_RETURN(const std::optional<Json> object, client_.find(api::kApiClients, key, std::move(stop)));
  if (!object) return std::optional<api::ApiClient>();
  ASSIGN_OR_RETURN(api::ApiClient client, api::read_api_client(*object));
  return std::optional(std::move(client));
}

Result<Observation> Observer::observe(api::ApiClient client, std::shared_ptr<const RegistrySnapshot> registry,
                                      DesiredClient desired, std::stop_token stop) {
  Observation seen;
  seen.client = std::move(client);
  seen.registry = std::move(registry);
  seen.desired = std::move(desired);
  seen.installation_id = installation_id_;
  seen.older_claimant = claims_.has_older({seen.client.meta.key.namespace_name, seen.client.secret_name()},
                                          {seen.client.meta.creation_timestamp, seen.client.meta.uid});
  ASSIGN_OR_RETURN(seen.staged, find_staged(seen.client, stop));
  ASSIGN_OR_RETURN(Target target, find_target(seen.client, seen.client.secret_name(), stop));
  seen.target = std::move(target.secret);
  seen.target_owner = target.owner;
  ASSIGN_OR_RETURN(seen.formers, find_formers(seen.client, seen.client.secret_name(), std::move(stop)));
  return seen;
}

Result<void> Observer::observe_registry(Observation& seen, bool check_published, std::stop_token stop) {
  auto& connection = *seen.registry->connection;
  if (seen.registry->info.capabilities.chooses_client_id) use_client_id(seen, client_id_in_use(seen));
  if (!seen.desired.settings.client_id.empty()) {
    ASSIGN_OR_RETURN(seen.registered, connection.backend().find(seen.desired.settings.client_id, stop));
  }
  const TargetSecret* published = seen.published();
  const bool gets_tokens = seen.registered && !seen.registered->disabled;
  const bool ask =
      gets_tokens && published != nullptr && !published->value.empty() &&
      seen.desired.settings.has_secret() &&
      (check_published || registry_disagrees(seen) || !foreign_writer(published->object).empty());
  if (ask) {
    seen.published_verdict = connection.verifier().verify(seen.registered->settings, published->value, stop);
  }
  return {};
}

Result<void> Observer::observe_adoption(Observation& seen, std::stop_token stop) {
  if (!needs_shown_secret(seen)) return {};
  const api::AdoptSpec& adopt = *seen.client.spec.adopt;
  const kube::ObjectKey key{.namespace_name = seen.client.meta.key.namespace_name, .name = adopt.secret_name};
  ASSIGN_OR_RETURN(const std::optional<Json> object, client_.find(kube::kSecrets, key, stop));
  seen.shown = read_shown_secret(object, adopt);
  if (!seen.shown->problem.empty()) return {};
  // As it is stored: what is declared may name another way to authenticate.
  const backend::ClientSettings& stored = seen.registered->settings;
  seen.shown->verdict = stored.has_secret()
                            ? seen.registry->connection->verifier().verify(stored, seen.shown->value, stop)
                            : backend::Verdict::rejected;
  return {};
}

Result<void> Observer::observe_consumers(Observation& seen, std::stop_token stop) {
  if (!needs_consumers(seen)) return {};
  WorkloadRestarter restarter(client_);
  for (const api::RestartTarget& target : seen.client.spec.restart_targets) {
    ASSIGN_OR_RETURN(Consumer consumer, restarter.find(target, seen.client.meta, stop));
    seen.consumers.push_back(std::move(consumer));
  }
  return {};
}

Result<Observer::Target> Observer::find_target(const api::ApiClient& client, const std::string& secret_name,
                                               std::stop_token stop) {
  const kube::ObjectKey key{.namespace_name = client.meta.key.namespace_name, .name = secret_name};
  ASSIGN_OR_RETURN(std::optional<Json> object, client_.find(kube::kSecrets, key, std::move(stop)));
  if (!object) return Target{};
  ASSIGN_OR_RETURN(TargetSecret secret, read_target(std::move(*object)));
  const TargetOwner owner = owner_of_target(secret, client.meta, installation_id_);
  return Target{.secret = std::move(secret), .owner = owner};
}

Result<std::vector<TargetSecret>> Observer::find_formers(const api::ApiClient& client,
                                                         const std::string& secret_name,
                                                         std::stop_token stop) {
  // The new name too: a pass that was cut off has published to it, and the status does not say so yet.
  std::set<std::string> names = {client.status.binding_name, client.secret_name()};
  for (const kube::ObjectKey& key : formers_.of(client.meta.uid)) names.insert(key.name);
  std::vector<TargetSecret> found;
  for (const std::string& name : names) {
    if (name.empty() || name == secret_name) continue;
    ASSIGN_OR_RETURN(Target former, find_target(client, name, stop));
    if (former.owner == TargetOwner::us) found.push_back(std::move(*former.secret));
  }
  std::ranges::sort(found, std::greater(), [](const TargetSecret& secret) { return secret.revision(); });
  return found;
}

Result<std::optional<StagedCredential>> Observer::find_staged(const api::ApiClient& client,
                                                              std::stop_token stop) {
  return journal_.find(client.meta.uid, std::move(stop));
}

}  // namespace apiclient::reconciler
