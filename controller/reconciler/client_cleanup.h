#pragma once
// Carries out the deletion of an ApiClient. Thread-safe; one call per object at a time.

#include <optional>
#include <stop_token>

#include "kube/client.h"
#include "reconciler/action_reporter.h"
#include "reconciler/credential_journal.h"
#include "reconciler/deletion_plan.h"
#include "reconciler/observer.h"
#include "reconciler/orphaned_registries.h"
#include "reconciler/registration_records.h"
#include "reconciler/registry_directory.h"
#include "reconciler/state_loss_guard.h"
#include "reconciler/status_summary.h"
#include "telemetry/log.h"

namespace apiclient::reconciler {

class ClientCleanup {
 public:
  struct Wiring {
    kube::Client& client;
    CredentialJournal& journal;
    RegistrationAnswers& answers;
    RegistrationRecords& registrations;
    Observer& observer;
    RegistryDirectory& registries;
    StateLossGuard& state_loss;
    const OrphanedRegistries& orphaned_registries;
    const ActionReporter& report;
  };
  explicit ClientCleanup(Wiring wiring);

  /// Empty when the finalizer has been released, or another finalizer has to go first. Held: blocked, and
  /// why. `give_up`: the namespace is going and its registry cannot be asked any more: release without the
  /// registry.
  Result<std::optional<DeletionHeld>> clean_up(api::ApiClient client, bool give_up, std::stop_token stop);

 private:
  using Outcome = Result<std::optional<DeletionHeld>>;
  Result<DeletionObservation> observe(api::ApiClient client, std::stop_token stop);
  Outcome ask_registry(DeletionObservation& seen, const Origin& origin, std::stop_token stop);
  /// The registry is gone or does not work, and its object says not to wait for it.
  Result<bool> is_orphaned(const DeletionObservation& seen, const Origin& origin, std::stop_token stop) const;
  Outcome perform_all(DeletionObservation& seen, std::stop_token stop);
  Outcome perform(const DeletionStep& step, DeletionObservation& seen, std::stop_token stop);
  /// Where its client was registered, as long as it can be asked.
  [[nodiscard]] Result<RegistryDirectory::Snapshot> registry_of(const DeletionObservation& seen) const;
  Outcome remove_client(const deletion_step::RemoveClient& step, DeletionObservation& seen,
                        std::stop_token stop);
  Outcome disable_client(const deletion_step::DisableClient& step, DeletionObservation& seen,
                         std::stop_token stop);
  Result<void> delete_target(const DeletionObservation& seen, const TargetSecret& target,
                             std::stop_token stop);
  Result<void> unstage(const DeletionObservation& seen, std::stop_token stop);
  Result<void> forget(const deletion_step::ForgetRegistrations& step, const std::stop_token& stop);
  Result<void> release(api::ApiClient& client, std::stop_token stop);
  void log_ending(const DeletionObservation& seen, std::string_view left_behind) const;

  Wiring wiring_;
  telemetry::Log log_;
};

}  // namespace apiclient::reconciler
