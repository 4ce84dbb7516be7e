#include "unit/reconciler/model/model_moves.h"

#include <algorithm>
#include <utility>

#include "unit/reconciler/model/model_actor.h"
#include "unit/reconciler/model/model_faults.h"

namespace apiclient::reconciler::model {
namespace {

constexpr std::string_view kOperator = "the operator: ";
constexpr std::string_view kOldLeader = "the deposed leader: ";
constexpr std::string_view kPerson = "a person ";
constexpr std::string_view kFault = "fault: ";

bool accepts(const Client& client, Number value) { return stores(client, value) && !client.disabled; }

/// The registry has no secret of the published revision. One that picks ids does not tell.
bool disagrees(const View& seen) {
  return seen.client_id == 0 &&
         find_credential(seen.client, &Credential::revision, seen.target.revision) == nullptr;
}

/// The state-loss guard: an issued client that is absent together with all others is not registered again.
bool is_held(const World& world, const View& seen) {
  const bool issued = seen.object.status.revision != 0 || seen.target.revision != 0;
  return world.registry.lost && issued && !seen.client.present;
}

/// Somebody else has said that an older secret may end at once.
bool may_cut(const View& seen) {
  const Object& object = seen.object;
  const bool revoke = object.revoke && !object.status.revoked && !seen.target.revoked;
  const bool token = says_now(object.rotate) && object.rotate != object.status.last_token;
  const bool staged = seen.staged.revision != 0 && says_now(seen.staged.token);
  const bool fenced = object.status.fence.operation != 0 && says_now(object.status.fence.token);
  return object.no_overlap || revoke || token || staged || fenced;
}

Outcome outcome_of(const Object& object, const Answer& answer) {
  const Number fenced = object.status.fence.operation;
  if (fenced == 0 || answer.operation != fenced) return Outcome::unknown;
  return answer.credential == 0 ? Outcome::not_done : Outcome::answered;
}

/// The process ends, or the pass does.
void end_old_pass(State& state) {
  state.old_pass = {};
  state.old_answer = {};
}

}  // namespace

void tick(State& state) {
  let_pass(state.world.object.status);
  // An overlap is counted from the first time that the newer secret was readable, whatever became of it.
  state.ghost.superseded_for_long = state.ghost.highest_published;
}

void end_troubles(State& state) {
  if (state.world.clock_ahead) set_back(state.world.object.status);
  state.world.clock_ahead = false;
  state.world.registry.lost = false;
}

void Moves::each(const State& state, const Visit& visit) const {
  if (state.pass.under_way()) {
    go_on(state, visit);
    depose(state, visit);
  } else {
    begin_passes(state, visit);
    time(state, visit);
    if (state.world.answer.operation != 0) crash(state, visit);
  }
  if (state.old_pass.under_way()) go_on_with_old_pass(state, visit);
  if (state.pass.under_way() && !setting_.meddles_mid_pass) return;
  if (state.budget.wishes > 0) wishes(state, visit);
  if (state.budget.faults > 0) faults(state, visit);
}

View Moves::look(const World& world, bool asks) const {
  View seen{.object = world.object,
            .staged = world.staged,
            .target = world.target,
            .client = world.registry.client,
            .client_id = 0,
            .outcome = outcome_of(world.object, world.answer),
            .verdict = Verdict::not_asked,
            .clock_trusted = !world.clock_ahead};
  seen.staged.was_published = false;
  seen.target.overwritten = false;
  if (world.registry.picks_ids) look_up_picked(world.registry, seen);
  const bool gets_tokens = seen.client.present && !seen.client.disabled;
  // The watch event of an overwriting raises the doubt; here it has always arrived.
  const bool in_doubt = asks || world.target.overwritten || disagrees(seen);
  if (gets_tokens && seen.target.revision != 0 && in_doubt)
    seen.verdict = accepts(seen.client, seen.target.value) ? Verdict::accepted : Verdict::rejected;
  return seen;
}

void Moves::look_up_picked(const Registry& registry, View& seen) const {
  seen.client_id = book_.client_id_for(seen);
  const Client* client = find_picked(registry, seen.client_id);
  if (client != nullptr) seen.client = *client;
}

bool Moves::begin_pass(State& state, View seen) const {
  if (is_held(state.world, seen)) return false;
  const std::uint16_t plan = book_.plan_for(seen);
  if (plan == 0) return false;
  state.pass = {.plan = plan,
                .step = 0,
                .call = 0,
                .seen = seen,
                .object_current = true,
                .target_current = true,
                .target_meddled = false,
                .registry_meddled = false,
                .wrote_target = false,
                .may_cut = may_cut(seen)};
  return true;
}

void Moves::begin_passes(const State& state, const Visit& visit) const {
  const auto begin = [&](std::string_view what, const View& seen) {
    State next = state;
    if (begin_pass(next, seen)) visit({kOperator, what}, next);
  };
  const View seen = look(state.world, false);
  begin("looks", seen);
  View asked = look(state.world, true);
  if (asked.verdict == Verdict::not_asked) return;
  if (!same(asked, seen)) begin("looks, and asks for a token", asked);
  asked.verdict = Verdict::unknown;
  begin("looks, and gets no answer about the token", asked);
}

void Moves::run_pass(State& state, bool asks) const {
  const View seen = look(state.world, asks);
  if (!begin_pass(state, seen)) return;
  while (state.pass.under_way()) {
    Actor(state, &State::pass, book_, promises_).go_on();
    leave_behind(state);
    promises_.standing(state);
  }
}

void Moves::go_on(const State& state, const Visit& visit) const {
  State next = state;
  Actor actor(next, &State::pass, book_, promises_);
  const Step& step = actor.next_step();
  const Label label{kOperator, name_of(step)};
  actor.go_on();
  operator_came_to(next, label, visit);
  fail(state, step, visit);
  crash(state, visit);
}

/// Of the operator's doing: what holds in every state is asked.
void Moves::operator_came_to(State& state, Label label, const Visit& visit) const {
  if (!state.old_pass.under_way()) state.old_answer = {};
  leave_behind(state);
  promises_.standing(state);
  visit(label, state);
}

void Moves::crash(const State& state, const Visit& visit) const {
  State next = state;
  next.pass = {};
  next.world.answer = {};
  operator_came_to(next, {kOperator, "crashes"}, visit);
}

/// The process goes on and remembers what it knows of a registration.
void Moves::fail(const State& state, const Step& step, const Visit& visit) const {
  State next = state;
  next.pass = {};
  if (std::holds_alternative<step::RegisterClient>(step)) {
    next.world.answer = {.operation = state.pass.seen.object.status.fence.operation, .credential = 0};
    operator_came_to(next, {kOperator, "register, which is refused"}, visit);
  } else if (std::holds_alternative<step::StageAnswer>(step)) {
    operator_came_to(next, {kOperator, "stage-answer, which fails"}, visit);
  }
}

void Moves::depose(const State& state, const Visit& visit) const {
  if (state.budget.freezes == 0) return;
  const auto freeze = [&](bool writes, std::string_view what) {
    State next = state;
    --next.budget.freezes;
    next.old_pass = std::exchange(next.pass, {});
    next.old_answer = std::exchange(next.world.answer, {});
    next.old_pass_writes = writes;
    visit({kOperator, what}, next);
  };
  State copy = state;
  const Step& step = Actor(copy, &State::pass, book_, promises_).next_step();
  if (setting_.old_pass_writes) freeze(true, "is deposed, and does not know");
  if (setting_.old_call_arrives && calls_registry(step)) freeze(false, "is deposed with a call under way");
}

void Moves::go_on_with_old_pass(const State& state, const Visit& visit) const {
  State next = state;
  Actor actor(next, &State::old_pass, book_, promises_);
  const Label label{kOldLeader, name_of(actor.next_step())};
  actor.go_on();
  if (!next.old_pass_writes) end_old_pass(next);
  operator_came_to(next, label, visit);
  next = state;
  end_old_pass(next);
  operator_came_to(next, {kOldLeader, "ends"}, visit);
}

void Moves::wishes(const State& state, const Visit& visit) const {
  const auto wish = [&](std::string_view what, const std::function<void(Object&)>& change) {
    State next = state;
    --next.budget.wishes;
    change(next.world.object);
    if (same(next.world, state.world)) return;
    next.pass.object_current = next.old_pass.object_current = false;
    visit({kPerson, what}, next);
  };
  const auto set = [](Token token) { return [token](Object& object) { object.rotate = token; }; };
  if (setting_.tokens) {
    wish("removes the token", set(Token::none));
    wish("sets the token r1", set(Token::r1));
    wish("sets the token r1:now", set(Token::r1_now));
    wish("sets the token r2", set(Token::r2));
    wish("sets the token r2:now", set(Token::r2_now));
    wish("sets revoke-previous", [](Object& object) { object.revoke = true; });
  }
  if (setting_.spec) {
    wish("suspends or resumes", [](Object& object) { object.suspended = !object.suspended; });
    wish("changes the overlap", [](Object& object) { object.no_overlap = !object.no_overlap; });
  }
}

void Moves::faults(const State& state, const Visit& visit) const {
  const bool between_passes = !state.pass.under_way();
  for (const Fault& fault : kFaults) {
    if (fault.between_passes && !between_passes) continue;
    State next = state;
    if (!fault.happens(next)) continue;
    --next.budget.faults;
    forget_what_nobody_knows(next);
    excuse_what_nobody_knows(next);
    next.ghost.works = authenticates(next.world.registry, next.world.target);
    visit({kFault, fault.what}, next);
  }
}

void Moves::time(const State& state, const Visit& visit) const {
  State next = state;
  tick(next);
  // A deposed leader finds out long before an hour is over.
  if (next.old_pass_writes) end_old_pass(next);
  visit({"", "an hour passes"}, next);
  next = state;
  end_troubles(next);
  visit({"", "the troubles end"}, next);
}

}  // namespace apiclient::reconciler::model
