#pragma once
// Acts: each step of a plan becomes one write to the cluster or one call to the registry. Lives for one pass
// of one ApiClient; used by one thread. The steps that call the registry are in registry_steps.cpp.

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/client.h"
#include "reconciler/action_reporter.h"
#include "reconciler/credential_journal.h"
#include "reconciler/observation.h"
#include "reconciler/plan.h"
#include "reconciler/registration_records.h"
#include "reconciler/status_summary.h"
#include "telemetry/log.h"

namespace apiclient::reconciler {

class StepPerformer {
 public:
  struct Wiring {
    kube::Client& client;
    CredentialJournal& journal;
    RegistrationAnswers& answers;
    RegistrationRecords& registrations;
    const Clock& clock;
    const ActionReporter& report;
    /// The writer with whom the target Secret is contended: it is left as it is. Empty: nobody.
    std::string contended_by = {};
  };
  /// Empty when a step is done; Held where a person or the registry has to act; an error where the next pass
  /// must look again.
  using Outcome = Result<std::optional<Held>>;

  /// `seen` is kept up to date with what the steps did; both outlive this.
  StepPerformer(Wiring wiring, Observation& seen, const Plan& plan, std::stop_token stop);

  /// All steps in order; ends at the first that is not done.
  Outcome perform_all();
  /// Resource version of the target Secret after the last write of it; empty when there was none.
  [[nodiscard]] const std::string& written_target_version() const { return written_target_version_; }

 private:
  Outcome perform(const step::AddFinalizer& step);
  Outcome perform(const step::Fence& step);
  Outcome perform(const step::Stage& step);
  Outcome perform(const step::CreateClient& step);
  Outcome perform(const step::UpdateClient& step);
  Outcome perform(const step::AdoptClient& step);
  Outcome perform(const step::DisableClient& step);
  Outcome perform(const step::EnableClient& step);
  Outcome perform(const step::RetireOldest& step);
  Outcome perform(const step::AddCredential& step);
  Outcome perform(const step::RehearsePublish& step);
  Outcome perform(const step::ReplaceCredential& step);
  Outcome perform(const step::RotateCredential& step);
  Outcome perform(const step::RegisterClient& step);
  Outcome perform(const step::StageAnswer& step);
  Outcome perform(const step::RemoveClient& step);
  Outcome perform(const step::Verify& step);
  Outcome perform(const step::Publish& step);
  Outcome perform(const step::PublishFormer& step);
  Outcome perform(const step::DeleteFormer& step);
  Outcome perform(const step::RetireOlder& step);
  Outcome perform(const step::RestartTarget& step);
  Outcome perform(const step::WriteStatus& step);
  Outcome perform(const step::DropStaged& step);

  [[nodiscard]] bool would_write_target() const;
  Outcome after_create_failed(Error error);
  Result<void> stage_newer();
  Outcome after_add_failed(Error error);
  Outcome end_rejected();
  Outcome after_rejection();
  [[nodiscard]] Json target_object(const Publication& wanted) const;
  [[nodiscard]] std::string kind_of_mint(std::string_view token) const;
  Outcome set_disabled(bool disabled);
  Outcome retire(const std::vector<std::string>& credential_ids);
  Result<void> unstage();
  Result<void> read_back();
  TargetSecret& former(const std::string& secret_name);
  Outcome write_status(const api::ApiClientStatus& status);

  [[nodiscard]] backend::Backend& backend() const { return seen_.registry->connection->backend(); }

  Wiring wiring_;
  Observation& seen_;
  const Plan& plan_;
  std::stop_token stop_;
  bool first_issuance_;
  WallTime began_at_;
  std::string written_target_version_;
  telemetry::Log log_;
};

/// What people see of a failed registry call; an error (no Held) where only the next pass can tell.
StepPerformer::Outcome held_by_registry(Error error, const std::string& registry_name);

}  // namespace apiclient::reconciler
