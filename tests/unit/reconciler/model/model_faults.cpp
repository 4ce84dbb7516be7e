#include "unit/reconciler/model/model_faults.h"

#include <algorithm>

namespace apiclient::reconciler::model {
namespace {

void each_pass(State& state, const auto& visit) {
  if (state.pass.under_way()) visit(state.pass);
  if (state.old_pass.under_way()) visit(state.old_pass);
}
void object_was_changed(State& state) {
  each_pass(state, [](Pass& pass) { pass.object_current = false; });
}
void target_was_changed(State& state) {
  each_pass(state, [](Pass& pass) {
    pass.target_current = false;
    pass.target_meddled = true;
  });
}
void registry_was_changed(State& state) {
  each_pass(state, [](Pass& pass) { pass.registry_meddled = true; });
}

bool delete_target(State& state) {
  if (state.world.target.revision == 0) return false;
  state.world.target = {};
  target_was_changed(state);
  return true;
}

bool overwrite_target(State& state) {
  Target& target = state.world.target;
  if (target.revision == 0 || target.overwritten) return false;
  target.value = kForeignValue;
  target.overwritten = true;
  target_was_changed(state);
  return true;
}

bool restore_target(State& state) {
  if (state.world.backup.revision == 0 || same(state.world.backup, state.world.target)) return false;
  state.world.target = state.world.backup;
  target_was_changed(state);
  return true;
}

bool reset_status(State& state) {
  const Status& status = state.world.object.status;
  if (status.revision == 0 && status.fence.operation == 0) return false;
  state.world.object.status = {};
  object_was_changed(state);
  return true;
}

/// Deleted with Retain: what was staged goes with it, the client and the Secret stay.
bool recreate_object(State& state) {
  Object& object = state.world.object;
  if (object.uid != 1 || object.status.revision == 0) return false;
  object.uid = 2;
  object.finalizer = false;
  object.status = {};
  Staged& staged = state.world.staged;
  if (staged.token != Token::none && !staged.was_published) --state.ghost.rotations[id_of(staged.token)];
  staged = {};
  state.world.answer = {};
  object_was_changed(state);
  return true;
}

/// Where the server picks ids.
bool lose_client(State& state, Number id) {
  if (find_picked(state.world.registry, id) == nullptr) return false;
  remove_picked(state.world.registry, id);
  registry_was_changed(state);
  return true;
}

Number newest_id(const Registry& registry) {
  const std::size_t count = count_picked(registry);
  return count == 0 ? Number{0} : secret_of(registry.picked[count - 1]).id;
}

/// A backup of the registry that does not have the newest secret yet.
bool roll_registry_back(State& state) {
  Registry& registry = state.world.registry;
  if (registry.picks_ids) return lose_client(state, newest_id(registry));
  if (count_credentials(registry.client) < 2) return false;
  const Credential newest = registry.client.credentials[count_credentials(registry.client) - 1];
  remove_credential(registry.client, newest.id);
  const Credential before = registry.client.credentials[count_credentials(registry.client) - 1];
  registry.highest = registry.client.mark_revision = before.revision;
  registry_was_changed(state);
  return true;
}

void bury_secrets(Registry& registry) {
  for (Credential& credential : registry.client.credentials) {
    if (credential.revision != 0) registry.deleted[credential.operation] = true;
    credential = {};
  }
}

bool lose_secrets(State& state) {
  Registry& registry = state.world.registry;
  if (count_credentials(registry.client) == 0) return false;
  bury_secrets(registry);
  registry_was_changed(state);
  return true;
}

bool delete_client(State& state) {
  Registry& registry = state.world.registry;
  if (registry.picks_ids) return lose_client(state, state.world.target.credential);
  if (!registry.client.present) return false;
  bury_secrets(registry);
  registry.buried_uid = registry.client.mark_uid;
  registry.buried_revision = registry.highest;
  registry.client = {};
  registry.highest = 0;
  registry_was_changed(state);
  return true;
}

bool empty_registry(State& state) {
  Registry& registry = state.world.registry;
  if (!registry.client.present && count_picked(registry) == 0) return false;
  const bool picks_ids = registry.picks_ids;
  registry = {};
  registry.picks_ids = picks_ids;
  registry.lost = true;
  registry_was_changed(state);
  return true;
}

bool set_clock_back(State& state) {
  const Status before = state.world.object.status;
  set_back(state.world.object.status);
  return !same(before, state.world.object.status);
}

bool set_clock_ahead(State& state) {
  if (state.world.clock_ahead) return false;
  let_pass(state.world.object.status);
  state.world.clock_ahead = true;
  return true;
}

constexpr std::array kAll{
    Fault{"the Secret is deleted", delete_target},
    Fault{"the Secret's value is overwritten", overwrite_target},
    Fault{"the Secret is restored from an older backup", restore_target},
    Fault{"the object is restored without its status", reset_status},
    Fault{"the object is deleted with Retain and created again", recreate_object, true},
    Fault{"the registry is restored without its newest secret", roll_registry_back},
    Fault{"somebody deletes the client's secrets in the registry", lose_secrets},
    Fault{"somebody deletes the client in the registry", delete_client},
    Fault{"the registry is emptied", empty_registry},
    Fault{"the clocks are set back", set_clock_back, true},
    Fault{"the operator's clock jumps ahead", set_clock_ahead, true},
};

}  // namespace

const std::span<const Fault> kFaults{kAll};

}  // namespace apiclient::reconciler::model
