#pragma once
// Tells what the operator has done: an audit line for each action on the registry or on a Secret, and an
// Event for what the people behind an object care about, at most two for each operation. Called with the
// outcome of an action before it is looked at: what failed for certain is not told. Thread-safe.

#include <optional>
#include <string>

#include "api/client_registry.h"
#include "reconciler/deletion_plan.h"
#include "reconciler/observation.h"
#include "runtime/event_sink.h"
#include "telemetry/audit.h"
#include "telemetry/metrics.h"

namespace apiclient::reconciler {

/// How an ApiClient that was registered goes.
enum class Ending { removed, retained, abandoned };

class ActionReporter {
 public:
  struct Wiring {
    runtime::EventSink& events;
    telemetry::Metrics& metrics;
    std::string installation_id;
  };
  explicit ActionReporter(Wiring wiring);

  // On the registry. `seen` is as it was before the action.
  /// `credential` is null for a client without a secret.
  void client_created(const Observation& seen, const backend::NewCredential* credential,
                      const Result<backend::RegisteredClient>& created) const;
  void client_updated(const Observation& seen, const Result<backend::RegisteredClient>& updated) const;
  void credential_added(const Observation& seen, const backend::NewCredential& credential,
                        const Result<backend::Credential>& added) const;
  /// The server has made it.
  void credential_rotated(const Observation& seen, const backend::NewCredential& wanted,
                          const Result<backend::Registration>& made) const;
  void credential_replaced(const Observation& seen, const backend::NewCredential& credential,
                           const Result<backend::Credential>& replaced) const;
  void client_registered(const Observation& seen, const api::InProgress& fence,
                         const Result<backend::Registration>& made) const;
  /// Its answer never came, and it is not to be had again.
  void answer_lost(const Observation& seen, const api::InProgress& fence) const;
  /// One that another client has taken the place of.
  void former_removed(const Observation& seen, const std::string& client_id,
                      const Result<void>& removed) const;
  void credential_retired(const Observation& seen, const std::string& credential_id,
                          const Result<void>& retired) const;
  void client_disabled(const Observation& seen, bool disabled,
                       const Result<backend::RegisteredClient>& changed) const;
  void client_disabled(const DeletionObservation& seen,
                       const Result<backend::RegisteredClient>& disabled) const;
  void client_removed(const DeletionObservation& seen, const Result<void>& removed) const;

  // On Secrets.
  void secret_staged(const Observation& seen, const Result<StagedCredential>& staged) const;
  void secret_unstaged(const api::ApiClient& client, const StagedCredential& staged) const;
  /// By the sweep: its owner has gone.
  void staged_swept(const kube::ObjectMeta& secret, const Result<void>& deleted) const;
  /// `name`: of the target, or a former one.
  void secret_published(const Publication& publication, const std::string& name,
                        const Result<Json>& written) const;
  /// Under a former name, which goes.
  void former_deleted(const Observation& seen, const TargetSecret& former, const Result<void>& deleted) const;
  void secret_deleted(const DeletionObservation& seen, const TargetSecret& target,
                      const Result<void>& deleted) const;

  // Of a whole life.
  /// After the write; `client` and `registry` still have the status before.
  void status_written(const api::ApiClient& client, const api::ApiClientStatus& after) const;
  void status_written(const api::ClientRegistry& registry, const api::ClientRegistryStatus& after) const;
  /// The finalizer is released. `why` is a constant for the audit line.
  void ended(const DeletionObservation& seen, Ending ending, std::string_view why) const;

 private:
  [[nodiscard]] telemetry::AuditRecord record(telemetry::AuditAction action,
                                              const api::ApiClient& client) const;
  [[nodiscard]] telemetry::AuditRecord record(telemetry::AuditAction action, const Observation& seen) const;
  [[nodiscard]] telemetry::AuditRecord record(telemetry::AuditAction action,
                                              const DeletionObservation& seen) const;
  void credential_stored(telemetry::AuditAction action, const Observation& seen,
                         const backend::NewCredential& credential,
                         const Result<backend::Credential>& stored) const;
  void tell(const api::ApiClient& client, kube::EventType type, std::string_view reason,
            std::string_view action, std::string note) const;

  Wiring wiring_;
};

}  // namespace apiclient::reconciler
