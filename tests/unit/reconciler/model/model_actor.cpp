#include "unit/reconciler/model/model_actor.h"

#include <algorithm>

namespace apiclient::reconciler::model {

Actor::Actor(State& state, Pass State::*mine, const PlanBook& book, Promises& promises)
    : state_(state),
      world_(state.world),
      pass_(state.*mine),
      other_(&pass_ == &state.pass ? state.old_pass : state.pass),
      answer_(&pass_ == &state.pass ? state.world.answer : state.old_answer),
      seen_(pass_.seen),
      book_(book),
      promises_(promises) {}

const Step& Actor::next_step() const { return planned().plan.steps[pass_.step]; }

void Actor::go_on() {
  const std::size_t steps = planned().plan.steps.size();
  switch (std::visit([this](const auto& step) { return perform(step); }, next_step())) {
    case Progress::more: ++pass_.call; return;
    case Progress::done: ++pass_.step; break;
    case Progress::refused: pass_.step = static_cast<Number>(steps); break;
  }
  pass_.call = 0;
  if (pass_.step == steps) pass_ = {};
}

template <typename T>
Actor::Progress Actor::perform(const T& /*step*/) {
  promises_.break_promise("the model has no such step");
  return Progress::refused;
}

Actor::Progress Actor::perform(const step::AddFinalizer& /*step*/) {
  if (!pass_.object_current) return Progress::refused;
  world_.object.finalizer = seen_.object.finalizer = true;
  other_.object_current = false;
  return Progress::done;
}

Actor::Progress Actor::perform(const step::Stage& step) {
  const bool alive = world_.object.uid == seen_.object.uid;
  if (alive && world_.staged.revision != 0) return Progress::refused;  // exists already
  const Token token = planned().staged_token;
  promises_.staging(state_, pass_, token);
  seen_.staged = {.revision = static_cast<Number>(step.revision),
                  .operation = fresh_secret(state_),
                  .credential = 0,
                  .token = token,
                  .recovers = recovers(token),
                  .was_published = false};
  count_mint(token);
  if (alive) world_.staged = seen_.staged;
  return Progress::done;
}

bool Actor::recovers(Token token) const {
  const bool first = seen_.object.status.revision == 0 && seen_.target.revision == 0;
  return token == Token::none && !first;
}

void Actor::count_mint(Token token) {
  ++state_.ghost.mints;
  if (token != Token::none) ++state_.ghost.rotations[id_of(token)];
}

Actor::Progress Actor::perform(const step::CreateClient& step) {
  promises_.creating(state_, pass_);
  Credential credential = current();
  if (step.value == step::ValueFrom::published) credential.operation = fresh_secret(state_);
  return register_client(credential);
}

Actor::Progress Actor::register_client(const Credential& credential) {
  Registry& registry = world_.registry;
  Client& client = registry.client;
  if (registry.deleted[credential.operation]) return unstage_and_stop();
  if (client.present) {
    const bool replay = find_credential(client, &Credential::operation, credential.operation) != nullptr;
    if (!replay) return Progress::refused;
    seen_.client = client;
    return Progress::done;
  }
  const bool returns = registry.buried_uid == seen_.object.uid;
  if (returns && credential.revision < registry.buried_revision) return Progress::refused;
  client = {.present = true,
            .mark_uid = seen_.object.uid,
            .mark_revision = credential.revision,
            .disabled = false,
            .credentials = {}};
  registry.highest = credential.revision;
  store_secret(credential);
  seen_.client = client;
  return Progress::done;
}

Actor::Progress Actor::perform(const step::UpdateClient& /*step*/) {
  if (!is_mine(seen_.client.mark_uid)) return Progress::refused;
  Client& client = *stored_client();
  if (seen_.client.mark_revision < client.mark_revision) return Progress::refused;
  client.mark_uid = seen_.object.uid;
  seen_.client = client;
  return Progress::done;
}

Actor::Progress Actor::perform(const step::DisableClient& /*step*/) { return set_disabled(true); }
Actor::Progress Actor::perform(const step::EnableClient& /*step*/) { return set_disabled(false); }

Actor::Progress Actor::set_disabled(bool disabled) {
  if (!is_mine(seen_.client.mark_uid)) return Progress::refused;
  Client& client = *stored_client();
  if (client.disabled != disabled) other_.registry_meddled = true;
  client.disabled = disabled;
  seen_.client = client;
  return Progress::done;
}

Actor::Progress Actor::perform(const step::RetireOldest& step) {
  return retire(number_in(step.credential_id), Retirement::oldest);
}

Actor::Progress Actor::perform(const step::RetireOlder& step) {
  if (pass_.wrote_target && !pass_.target_current) return Progress::refused;
  const Progress progress = retire(number_in(step.credential_ids[pass_.call]), Retirement::older);
  const bool last = pass_.call + std::size_t{1} == step.credential_ids.size();
  return progress == Progress::done && !last ? Progress::more : progress;
}

Actor::Progress Actor::retire(Number id, Retirement why) {
  if (seen_.target.revision != 0 && seen_.target.credential == id) return Progress::refused;
  Client& client = world_.registry.client;
  const Credential* stored = find_credential(client, &Credential::id, id);
  if (stored != nullptr) {
    promises_.retiring(state_, pass_, *stored, why);
    world_.registry.deleted[stored->operation] = true;
    remove_credential(client, id);
  }
  remove_credential(seen_.client, id);
  return Progress::done;
}

Actor::Progress Actor::perform(const step::AddCredential& /*step*/) { return put_secret(false); }
Actor::Progress Actor::perform(const step::ReplaceCredential& /*step*/) { return put_secret(true); }

Actor::Progress Actor::put_secret(bool replaces) {
  Registry& registry = world_.registry;
  const Credential wanted = current();
  if (registry.deleted[wanted.operation]) return unstage_and_stop();
  if (!is_mine(seen_.object.uid)) return Progress::refused;
  if (find_credential(registry.client, &Credential::operation, wanted.operation) == nullptr) {
    if (wanted.revision <= registry.highest) return unstage_and_stop();
    if (replaces) retire_all();
    if (count_credentials(registry.client) == kMaxSecrets) return Progress::refused;
    store_secret(wanted);
    registry.highest = registry.client.mark_revision = wanted.revision;
  }
  if (replaces) seen_.client.credentials = {};
  add_credential(seen_.client, *find_credential(registry.client, &Credential::operation, wanted.operation));
  return Progress::done;
}

void Actor::retire_all() {
  for (Credential& credential : world_.registry.client.credentials) {
    if (credential.revision == 0) continue;
    promises_.retiring(state_, pass_, credential, Retirement::replaced);
    world_.registry.deleted[credential.operation] = true;
    credential = {};
  }
}

Actor::Progress Actor::perform(const step::RehearsePublish& /*step*/) {
  return may_write_target() ? Progress::done : Progress::refused;
}

Actor::Progress Actor::perform(const step::Verify& /*step*/) {
  const Client* client = stored_client();
  if (client != nullptr && stores(*client, current().value) && !client->disabled) return Progress::done;
  if (seen_.staged.revision == 0 || end_rejected() == Progress::refused) return Progress::refused;
  return unstage_and_stop();
}

Actor::Progress Actor::end_rejected() {
  if (world_.registry.picks_ids) return remove(seen_.staged.credential, Retirement::rejected);
  return retire(current().id, Retirement::rejected);
}

Actor::Progress Actor::perform(const step::Publish& /*step*/) {
  const Target wanted = publication();
  if (seen_.target.revision != 0 && same(wanted, seen_.target)) return Progress::done;
  if (!may_write_target()) return Progress::refused;
  promises_.publishing(state_, pass_, wanted);
  write_target(wanted);
  return Progress::done;
}

/// Created only where there is none, replaced only as it was read.
bool Actor::may_write_target() const {
  const bool exists = world_.target.revision != 0;
  return seen_.target.revision == 0 ? !exists : exists && pass_.target_current;
}

void Actor::write_target(const Target& wanted) {
  Staged& staged = world_.staged;
  const bool of_staged = staged.revision != 0 && staged.operation == wanted.operation;
  if (of_staged) staged.was_published = true;
  if (world_.target.revision != 0 && world_.target.revision != wanted.revision) world_.backup = world_.target;
  state_.ghost.highest_published = std::max(state_.ghost.highest_published, wanted.revision);
  world_.target = seen_.target = wanted;
  pass_.wrote_target = pass_.target_current = true;
  // Who wrote a value that stays as it is remains its manager.
  world_.target.overwritten = wanted.value == kForeignValue;
  pass_.target_meddled = other_.target_current = false;
  state_.ghost.works = authenticates(world_.registry, wanted);
}

Actor::Progress Actor::perform(const step::WriteStatus& /*step*/) {
  const Status after = status_after();
  if (same(after, seen_.object.status)) return Progress::done;
  if (!pass_.object_current) return Progress::refused;
  promises_.telling(after);
  world_.object.status = seen_.object.status = after;
  other_.object_current = false;
  return Progress::done;
}

Actor::Progress Actor::perform(const step::DropStaged& /*step*/) {
  promises_.unstaging(state_, pass_);
  return unstage();
}

Actor::Progress Actor::unstage() {
  Staged& stored = world_.staged;
  const bool mine = stored.operation == seen_.staged.operation;
  if (stored.revision != 0 && mine) {
    if (stored.token != Token::none && !stored.was_published) --state_.ghost.rotations[id_of(stored.token)];
    stored = {};
  } else if (stored.revision != 0 && world_.object.uid == seen_.object.uid) {
    return Progress::refused;
  }
  seen_.staged = {};
  return Progress::done;
}

/// Never to be taken again: its secret was retired, or a newer mint has gone past it.
Actor::Progress Actor::unstage_and_stop() {
  if (seen_.staged.revision != 0) unstage();
  forget_what_nobody_knows(state_);
  return Progress::refused;
}

Credential Actor::current() const {
  const Staged& staged = seen_.staged;
  const Target& target = seen_.target;
  Credential current =
      staged.revision != 0
          ? Credential{.revision = staged.revision,
                       .operation = staged.operation,
                       .value = staged.operation,
                       .id = 0}
          : Credential{
                .revision = target.revision, .operation = target.operation, .value = target.value, .id = 0};
  if (world_.registry.picks_ids) current.id = seen_.client_id;
  if (!seen_.client.present) return current;
  for (const Credential& credential : seen_.client.credentials) {
    if (credential.revision == 0 || credential.revision != current.revision) continue;
    current.operation = credential.operation;
    current.id = credential.id;
  }
  return current;
}

Target Actor::publication() const {
  const Credential now = current();
  const Status& status = seen_.object.status;
  return {.revision = now.revision,
          .owner = seen_.object.uid,
          .operation = now.operation,
          .credential = now.id,
          .value = now.value,
          .handled = planned().handled,
          .revoked = planned().handles_revoke || status.revoked || seen_.target.revoked,
          .overwritten = false};
}

Status Actor::status_after() const {
  const Credential published = current();
  const Planned& plan = planned();
  const Status& before = seen_.object.status;
  const bool same_revision = before.revision == published.revision && before.issued_at != never;
  const bool minted = before.revision < published.revision && plan.reason != Reason::none;
  return {.revision = published.revision,
          .credential = published.id,
          .previous_revision = plan.previous_revision,
          .previous_credential = plan.previous_credential,
          .previous_retire_at = plan.previous_retire_at,
          .last_token = plan.handled_token != Token::none ? plan.handled_token : before.last_token,
          .handled = plan.handled,
          .revoked = before.revoked || plan.handles_revoke,
          .last_time = minted ? model::now : before.last_time,
          .issued_at = same_revision ? before.issued_at : model::now,
          .last_reason = plan.reason != Reason::none ? plan.reason : before.last_reason,
          .refused_token = plan.refused_token,
          .fence = {}};
}

Client* Actor::stored_client() {
  Registry& registry = world_.registry;
  if (registry.picks_ids) return find_picked(registry, seen_.client_id);
  return registry.client.present ? &registry.client : nullptr;
}

bool Actor::is_mine(Number expected_uid) {
  const Client* client = stored_client();
  return client != nullptr && client->mark_uid == expected_uid;
}

void Actor::store_secret(Credential credential) {
  credential.id = fresh_credential(state_);
  add_credential(world_.registry.client, credential);
}

bool calls_registry(const Step& step) {
  return std::holds_alternative<step::CreateClient>(step) ||
         std::holds_alternative<step::UpdateClient>(step) ||
         std::holds_alternative<step::DisableClient>(step) ||
         std::holds_alternative<step::EnableClient>(step) ||
         std::holds_alternative<step::RetireOldest>(step) ||
         std::holds_alternative<step::AddCredential>(step) ||
         std::holds_alternative<step::ReplaceCredential>(step) ||
         std::holds_alternative<step::RegisterClient>(step) ||
         std::holds_alternative<step::RemoveClient>(step) || std::holds_alternative<step::RetireOlder>(step);
}

}  // namespace apiclient::reconciler::model
