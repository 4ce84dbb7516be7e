#pragma once
// One pass for one ApiClient: settled? → observe → plan → perform → summarise. Thread-safe.

#include <functional>
#include <string>

#include "api/api_client_summary.h"
#include "base/clock.h"
#include "kube/client.h"
#include "reconciler/client_cleanup.h"
#include "reconciler/credential_journal.h"
#include "reconciler/observer.h"
#include "reconciler/orphaned_registries.h"
#include "reconciler/own_writes.h"
#include "reconciler/pass_memory.h"
#include "reconciler/plan.h"
#include "reconciler/registry_directory.h"
#include "reconciler/rotation_slots.h"
#include "reconciler/secret_repairs.h"
#include "reconciler/secret_summary.h"
#include "reconciler/state_loss_guard.h"
#include "reconciler/status_summary.h"
#include "runtime/reconciler.h"
#include "runtime/store.h"
#include "telemetry/log.h"

namespace apiclient::reconciler {

class ApiClientReconciler final : public runtime::Reconciler {
 public:
  struct Wiring {
    kube::Client& client;
    const runtime::Store<api::ApiClientSummary>& clients;
    const runtime::Store<SecretSummary>& secrets;
    const runtime::Store<kube::ObjectMeta>& namespaces;
    const SecretClaims& claims;
    const FormerSecrets& formers;
    RegistryDirectory& registries;
    StateLossGuard& state_loss;
    RegistrationRecords& registrations;
    PassMemory& memory;
    OwnWrites& client_writes;
    OwnWrites& secret_writes;
    RotationSlots& slots;
    const Clock& clock;
    const ActionReporter& report;
    std::string operator_namespace;
    std::string installation_id;
    /// Local time minus the API server's.
    std::function<std::chrono::nanoseconds()> clock_skew = [] { return std::chrono::nanoseconds(0); };
    /// Have this registry probed now: a call to it has failed.
    std::function<void(const std::string& registry)> suspect_registry;
  };
  explicit ApiClientReconciler(Wiring wiring);

  Result<runtime::Action> reconcile(const kube::ObjectKey& key, std::stop_token stop) override;

 private:
  [[nodiscard]] bool is_settled_in_cache(const api::ApiClientSummary& summary) const;
  [[nodiscard]] bool is_published_in_cache(const api::ApiClient& client) const;
  /// Nothing to do now; when to look again.
  runtime::Action rest(const api::ApiClientSummary& summary);
  Result<runtime::Action> apply(api::ApiClient client, const RaisedDoubt& doubt, std::stop_token stop);
  Result<runtime::Action> apply_at(api::ApiClient client, RegistryDirectory::Snapshot registry,
                                   const RaisedDoubt& doubt, std::stop_token stop);
  /// A person has asked for no writes but status.
  Result<runtime::Action> pause(api::ApiClient& client, std::stop_token stop);
  Result<void> observe_records(Observation& seen, const std::stop_token& stop);
  /// A planned rotation for which there is no slot is left out.
  Plan plan_in_turn(Observation& seen);
  Result<runtime::Action> run_plan(Observation& seen, const RaisedDoubt& doubt, std::stop_token stop);
  Result<runtime::Action> hold(api::ApiClient& client, const Held& held, std::stop_token stop);
  Result<runtime::Action> hold_or_fail(Observation& seen, Error error, std::stop_token stop);
  Result<runtime::Action> finish(const Observation& seen, const Plan& plan, const RaisedDoubt& doubt);
  [[nodiscard]] std::optional<std::chrono::milliseconds> until_rotation(const Observation& seen,
                                                                        const Plan& plan) const;
  Result<runtime::Action> clean_up(api::ApiClient client, std::stop_token stop);
  [[nodiscard]] bool namespace_is_lost(const api::ApiClient& client) const;
  [[nodiscard]] kube::StringMap namespace_labels(const std::string& name) const;
  Result<void> write_outcome(api::ApiClient& client, const PassOutcome& outcome, std::stop_token stop);

  Wiring wiring_;
  CredentialJournal journal_;
  RegistrationAnswers answers_;
  OrphanedRegistries orphaned_registries_;
  Observer observer_;
  SecretRepairs repairs_;
  ClientCleanup cleanup_;
};

}  // namespace apiclient::reconciler
