#pragma once
// One pass of the operator, step by step, as StepPerformer does it: each write meets what the API server and
// the registry really check (design of the writes: docs/architecture.md). Lives for one step. The steps of
// registrations, where the server picks ids, are in model_registrations.cpp.

#include "unit/reconciler/model/model_promises.h"
#include "unit/reconciler/model/model_state.h"
#include "unit/reconciler/model/plan_book.h"

namespace apiclient::reconciler::model {

class Actor {
 public:
  /// `mine`: which of the two passes of a state. All outlive this.
  Actor(State& state, Pass State::*mine, const PlanBook& book, Promises& promises);

  /// The next write or call. The pass is over after its last one, or when one is refused.
  void go_on();
  [[nodiscard]] const Step& next_step() const;

 private:
  enum class Progress { done, more, refused };

  Progress perform(const step::AddFinalizer& step);
  Progress perform(const step::Fence& step);
  Progress perform(const step::Stage& step);
  Progress perform(const step::CreateClient& step);
  Progress perform(const step::UpdateClient& step);
  Progress perform(const step::DisableClient& step);
  Progress perform(const step::EnableClient& step);
  Progress perform(const step::RetireOldest& step);
  Progress perform(const step::AddCredential& step);
  Progress perform(const step::RehearsePublish& step);
  Progress perform(const step::ReplaceCredential& step);
  /// None of the model's registries makes the secret of a rotation.
  static Progress perform(const step::RotateCredential& /*step*/) { return Progress::refused; }
  Progress perform(const step::RegisterClient& step);
  Progress perform(const step::StageAnswer& step);
  Progress perform(const step::RemoveClient& step);
  Progress perform(const step::Verify& step);
  Progress perform(const step::Publish& step);
  Progress perform(const step::RetireOlder& step);
  Progress perform(const step::WriteStatus& step);
  Progress perform(const step::DropStaged& step);
  /// Adoption, former names, clients without a secret: not in this model.
  template <typename T>
  Progress perform(const T& /*step*/);

  [[nodiscard]] const Planned& planned() const { return book_[pass_.plan]; }
  /// What is published: the staged secret, else the target's; its revision is 0 when there is neither.
  [[nodiscard]] Credential current() const;
  [[nodiscard]] Target publication() const;
  [[nodiscard]] Status status_after() const;

  /// What a mint is for that no token asks for.
  [[nodiscard]] bool recovers(Token token) const;
  void count_mint(Token token);
  /// The client that the pass has looked up; null when it is not there.
  [[nodiscard]] Client* stored_client();
  bool is_mine(Number expected_uid);
  Progress register_client(const Credential& credential);
  Progress unstage();
  Progress unstage_and_stop();
  Progress set_disabled(bool disabled);
  Progress retire(Number id, Retirement why);
  Progress remove(Number client_id, Retirement why);
  Progress end_rejected();
  Progress put_secret(bool replaces);
  void retire_all();
  [[nodiscard]] bool may_write_target() const;
  void store_secret(Credential credential);
  void write_target(const Target& wanted);

  State& state_;
  World& world_;
  Pass& pass_;
  Pass& other_;
  Answer& answer_;
  View& seen_;
  const PlanBook& book_;
  Promises& promises_;
};

/// Steps that call the registry; the others write to the cluster.
bool calls_registry(const Step& step);

}  // namespace apiclient::reconciler::model
