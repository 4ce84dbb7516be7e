#pragma once
// What may happen next: a step of the operator, a crash, a person's act, a fault, time. Pure but for the plan
// book, which remembers plans.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/strategy.h"
#include "unit/reconciler/model/model_promises.h"
#include "unit/reconciler/model/model_state.h"
#include "unit/reconciler/model/plan_book.h"

namespace apiclient::reconciler::model {

/// A bounded world to look through.
struct Setting {
  std::string name;
  Budget budget = {};
  Strategy strategy = Strategy::overlap;
  bool tokens = true;             ///< people set apiclient.dev/rotate and revoke-previous
  bool spec = false;              ///< people change spec.suspended and spec.rotation.overlap
  bool meddles_mid_pass = false;  ///< people act and faults happen in the middle of a pass too
  bool old_pass_writes = false;   ///< a deposed leader goes on within the same tick
  bool old_call_arrives = false;  ///< a registry call of a deposed leader arrives late
};

/// In words, for the path to a broken promise. Of static texts.
struct Label {
  std::string_view who;
  std::string_view what;
};

using Visit = std::function<void(Label label, const State& next)>;

class Moves {
 public:
  Moves(const Setting& setting, PlanBook& book, Promises& promises)
      : setting_(setting), book_(book), promises_(promises) {}

  /// Every state that is one move away.
  void each(const State& state, const Visit& visit) const;

  /// A pass from the first look to its end, undisturbed.
  void run_pass(State& state, bool asks) const;

  /// How a pass looks at the published value.
  [[nodiscard]] View look(const World& world, bool asks) const;

 private:
  void begin_passes(const State& state, const Visit& visit) const;
  bool begin_pass(State& state, View seen) const;
  void look_up_picked(const Registry& registry, View& seen) const;
  void go_on(const State& state, const Visit& visit) const;
  void operator_came_to(State& state, Label label, const Visit& visit) const;
  void crash(const State& state, const Visit& visit) const;
  void fail(const State& state, const Step& step, const Visit& visit) const;
  void depose(const State& state, const Visit& visit) const;
  void go_on_with_old_pass(const State& state, const Visit& visit) const;
  void wishes(const State& state, const Visit& visit) const;
  void faults(const State& state, const Visit& visit) const;
  void time(const State& state, const Visit& visit) const;

  const Setting& setting_;
  PlanBook& book_;
  Promises& promises_;
};

/// An hour passes, for the operator too.
void tick(State& state);
/// The operator's clock is right again, and a person accepts what the registry has lost.
void end_troubles(State& state);

}  // namespace apiclient::reconciler::model
