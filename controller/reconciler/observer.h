#pragma once
// The only reads of a pass. Every answer that a decision to mint depends on is live: found, absent, or an
// error that ends the pass. Thread-safe.

#include <stop_token>

#include "kube/client.h"
#include "reconciler/credential_journal.h"
#include "reconciler/former_secrets.h"
#include "reconciler/observation.h"
#include "reconciler/secret_claims.h"

namespace apiclient::reconciler {

class Observer {
 public:
  /// All of them outlive this.
  Observer(kube::Client& client, CredentialJournal& journal, const SecretClaims& claims,
           const FormerSecrets& formers, std::string installation_id);

  Result<std::optional<api::ApiClient>> find_client(const kube::ObjectKey& key, std::stop_token stop);

  /// The cluster's side of an observation.
  Result<Observation> observe(api::ApiClient client, std::shared_ptr<const RegistrySnapshot> registry,
                              DesiredClient desired, std::stop_token stop);
  /// The registry's side; its errors are the registry's. `check_published`: also ask whether it accepts the
  /// published value.
  static Result<void> observe_registry(Observation& seen, bool check_published, std::stop_token stop);

  /// Where an adoption depends on it: the secret that spec.adopt shows, and whether the registry accepts it.
  Result<void> observe_adoption(Observation& seen, std::stop_token stop);

  /// Where a retirement or a restart depends on them: the workloads of spec.restartTargets.
  Result<void> observe_consumers(Observation& seen, std::stop_token stop);

  struct Target {
    std::optional<TargetSecret> secret;
    TargetOwner owner = TargetOwner::nobody;
  };
  Result<Target> find_target(const api::ApiClient& client, const std::string& secret_name,
                             std::stop_token stop);
  /// Under every other name that this ApiClient has published to; newest revision first.
  Result<std::vector<TargetSecret>> find_formers(const api::ApiClient& client, const std::string& secret_name,
                                                 std::stop_token stop);
  Result<std::optional<StagedCredential>> find_staged(const api::ApiClient& client, std::stop_token stop);
  [[nodiscard]] const std::string& installation_id() const { return installation_id_; }

 private:
  kube::Client& client_;
  CredentialJournal& journal_;
  const SecretClaims& claims_;
  const FormerSecrets& formers_;
  std::string installation_id_;
};

}  // namespace apiclient::reconciler
