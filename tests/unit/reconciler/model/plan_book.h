#pragma once
// Asks the planner, once for each view: from the small numbers of the model to an Observation, and from the
// Plan back to small numbers. Not thread-safe.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "reconciler/plan.h"
#include "support/builders.h"
#include "unit/reconciler/model/model_state.h"

namespace apiclient::reconciler::model {

using Planner = std::function<Plan(const Observation& seen, WallTime now)>;

/// A plan, and what it says besides its steps.
struct Planned {
  Plan plan = {};
  Token staged_token = Token::none;
  Number handled = 0;
  Token handled_token = Token::none;
  bool handles_revoke = false;
  Reason reason = Reason::none;
  Token refused_token = Token::none;
  Number previous_revision = 0;
  Number previous_credential = 0;
  Time previous_retire_at = never;
};

class PlanBook {
 public:
  PlanBook(Planner planner, const test::RegistryBuilder& registry);

  /// Number of the plan for what was seen; 0: there is nothing that may be done.
  std::uint16_t plan_for(const View& seen);
  /// Where the server picks ids: the one to look up, by everything else in the view; 0: none.
  Number client_id_for(const View& seen);
  /// Where the server picks ids: the clients that go when the object is deleted now.
  [[nodiscard]] std::vector<Number> removed_by_deletion(const World& world) const;
  const Planned& operator[](std::uint16_t number) const { return *plans_[number]; }
  [[nodiscard]] std::size_t size() const { return plans_.size() - 1; }
  /// Why nothing may be done.
  std::string refusal_of(const View& seen);

 private:
  [[nodiscard]] Observation observe(const View& seen) const;
  [[nodiscard]] api::ApiClient client_of(const View& seen) const;
  [[nodiscard]] TargetSecret target_of(const View& seen) const;
  [[nodiscard]] StagedCredential staged_of(const View& seen) const;
  [[nodiscard]] api::RotationStatus rotation_of(const Status& status) const;
  [[nodiscard]] api::ApiClientStatus status_of(const Status& status) const;
  [[nodiscard]] backend::RegisteredClient registered_of(const Client& client) const;
  [[nodiscard]] bool picks_ids() const { return registry_->info.capabilities.chooses_client_id; }
  /// As the client's id is written.
  [[nodiscard]] std::string client_id_of(Number credential) const;
  std::uint16_t intern(Plan plan);

  Planner planner_;
  api::ApiClient client_;
  std::shared_ptr<const RegistrySnapshot> registry_;
  DesiredClient desired_;
  std::unordered_map<View, std::uint16_t, Hash<View>, Same<View>> by_view_;
  std::unordered_map<View, Number, Hash<View>, Same<View>> client_ids_;
  std::unordered_map<std::string, std::uint16_t> by_text_;
  std::vector<std::unique_ptr<Planned>> plans_;
};

/// The number at the end of "c3", "op-3" or "id-3"; 0 for an empty text.
Number number_in(std::string_view name);

}  // namespace apiclient::reconciler::model
