// The promises about clients where the server picks their ids.
#include <algorithm>

#include "unit/reconciler/model/model_promises.h"

namespace apiclient::reconciler::model {
namespace {

std::string client_text(const Client& client) {
  return "the client of revision " + std::to_string(client.mark_revision);
}

/// One more would be a third: a newer one stays beside the published one.
bool makes_room(const World& world, const Client& removed) {
  return std::ranges::any_of(world.registry.picked, [&](const Client& other) {
    return other.present && other.mark_revision > removed.mark_revision &&
           other.mark_revision < world.target.revision;
  });
}

}  // namespace

void Promises::registering(const State& state, const Pass& pass, const Fence& fence) {
  const World& world = state.world;
  creating(state, pass);
  if (fence.operation == 0) break_promise("5: a client is registered without a fence");
  const bool again = std::ranges::any_of(world.registry.picked, [&](const Client& client) {
    return client.present && secret_of(client).operation == fence.operation;
  });
  if (again) break_promise("5: one registration is sent twice");
  const bool late = &pass == &state.old_pass;
  if (!late && find_picked(world.registry, world.staged.credential) != nullptr)
    break_promise("5: a client is registered although an answer is staged");
}

void Promises::removing(const State& state, const Pass& pass, const Client& client, Retirement why) {
  const Target& live = state.world.target;
  const bool read = live.revision != 0 && live.credential == secret_of(client).id;
  if (read && !pass.target_meddled)
    break_promise("2: " + client_text(client) + " is removed, which consumers read");
  const bool never_published = pass.seen.staged.credential == secret_of(client).id;
  if (why == Retirement::older && !never_published) removing_older(state, pass, client);
}

void Promises::removing_older(const State& state, const Pass& pass, const Client& client) {
  const World& world = state.world;
  if (pass.target_meddled || pass.registry_meddled) return;
  const std::string what = client_text(client) + " is removed";
  if (world.target.revision == 0) return break_promise("2: " + what + ", and nothing is published");
  if (client.mark_revision >= world.target.revision)
    break_promise("2: " + what + ", which is not below the published one");
  if (!authenticates(world.registry, world.target) && !pass.may_cut)
    break_promise("2: " + what + " before its replacement works");
  const bool over = client.mark_revision < state.ghost.superseded_for_long;
  if (!over && !pass.may_cut && !makes_room(world, client))
    break_promise("2: " + what + " before its overlap is over");
}

void Promises::lose(State& state, Number operation) {
  state.ghost.let_go[operation] = true;
  if (leave_behind(state)) ++lost_;
}

void Promises::standing(const State& state) {
  const World& world = state.world;
  if (!world.registry.picks_ids) return;
  if (state.ghost.works && world.target.revision != 0 && !authenticates(world.registry, world.target))
    break_promise("1: what is published works no more");
  for (const Client& client : world.registry.picked) {
    if (!client.present || is_named(state, secret_of(client).id)) continue;
    if (secret_of(client).operation != world.object.status.fence.operation)
      break_promise("5: " + client_text(client) + " is left behind, and nobody has counted it");
  }
}

void Promises::resting(const World& world) {
  for (const Client& client : world.registry.picked) {
    const Number id = secret_of(client).id;
    const bool known = id == world.target.credential || id == world.object.status.previous_credential;
    if (client.present && !known)
      break_promise("5: " + client_text(client) + " is neither published nor of an overlap");
  }
}

void excuse_what_nobody_knows(State& state) {
  const Number fenced = state.world.object.status.fence.operation;
  const auto excuse = [&](Number operation) {
    if (operation != fenced) state.ghost.let_go[operation] = true;
  };
  for (const Pass* pass : {&state.pass, &state.old_pass}) {
    if (pass->under_way()) excuse(pass->seen.object.status.fence.operation);
  }
  excuse(state.world.answer.operation);
  for (const Client& client : state.world.registry.picked) excuse(secret_of(client).operation);
  leave_behind(state);
}

bool leave_behind(State& state) {
  Registry& registry = state.world.registry;
  auto& let_go = state.ghost.let_go;
  bool left = false;
  const auto before = registry.picked;
  for (const Client& client : before) {
    const Credential secret = secret_of(client);
    if (!client.present || !let_go[secret.operation] || is_named(state, secret.id)) continue;
    remove_picked(registry, secret.id);
    left = true;
  }
  for (Number operation = 0; operation < let_go.size(); ++operation) {
    const auto waits_for = [operation](const Pass& pass) {
      return pass.under_way() && pass.seen.object.status.fence.operation == operation;
    };
    const bool known = waits_for(state.pass) || waits_for(state.old_pass) ||
                       state.world.answer.operation == operation || state.old_answer.operation == operation;
    let_go[operation] = let_go[operation] && known;
  }
  return left;
}

}  // namespace apiclient::reconciler::model
