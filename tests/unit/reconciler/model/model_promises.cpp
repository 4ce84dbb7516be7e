#include "unit/reconciler/model/model_promises.h"

#include <algorithm>

namespace apiclient::reconciler::model {
namespace {

bool knows_of(const World& world, std::size_t id) {
  const auto has = [&](Number handled) { return (handled >> id & 1U) != 0; };
  const bool staged = world.staged.token != Token::none && id_of(world.staged.token) == id;
  return staged || has(world.object.status.handled) ||
         (world.target.revision != 0 && has(world.target.handled));
}

Number highest_known(const World& world) {
  const Client& client = world.registry.client;
  Number highest = std::max({world.object.status.revision, world.target.revision, world.staged.revision});
  if (client.present) highest = std::max({highest, client.mark_revision, world.registry.highest});
  highest = std::max(highest, world.object.status.fence.revision);
  for (const Client& picked : world.registry.picked) highest = std::max(highest, picked.mark_revision);
  return highest;
}

std::string revision_text(Number revision) { return "revision " + std::to_string(revision); }

/// Every secret besides the published one is gone, or the client's state is not the declared one.
bool has_right_client(const World& world) {
  const Registry& registry = world.registry;
  const Client& client = registry.picks_ids ? registry.picked[0] : registry.client;
  return client.present && client.mark_uid == world.object.uid && count_credentials(client) == 1 &&
         client.disabled == world.object.suspended && authenticates(registry, world.target) &&
         (!registry.picks_ids || count_picked(registry) == 1);
}

bool has_right_status(const World& world) {
  const Status& status = world.object.status;
  return status.revision == world.target.revision && status.credential == world.target.credential &&
         status.previous_revision == 0 && status.fence.operation == 0;
}

bool has_answered_tokens(const World& world) {
  const Object& object = world.object;
  const Status& status = object.status;
  const bool rotate = object.rotate == Token::none || object.rotate == status.last_token ||
                      object.rotate == status.refused_token;
  return rotate && (!object.revoke || status.revoked);
}

}  // namespace

void Promises::break_promise(std::string text) {
  if (broken_.empty()) broken_ = std::move(text);
}

void Promises::staging(const State& state, const Pass& pass, Token token) {
  if (state.world.registry.lost && pass.seen.object.status.revision != 0 && !pass.seen.client.present)
    break_promise("7: an emptied registry gets a new secret without a person's word");
  if (token != Token::none && state.ghost.rotations[id_of(token)] > 0)
    break_promise("3: token " + text_of(token) + " rotates a second time");
  const int causes = 1 + budget_.wishes - state.budget.wishes + budget_.faults - state.budget.faults +
                     budget_.freezes - state.budget.freezes;
  if (state.ghost.mints >= causes) break_promise("4: a secret is minted that nothing asks for");
}

void Promises::creating(const State& state, const Pass& pass) {
  const bool issued = pass.seen.object.status.revision != 0 || pass.seen.target.revision != 0;
  if (state.world.registry.lost && issued && !pass.seen.client.present)
    break_promise("7: an emptied registry is refilled without a person's word");
}

void Promises::retiring(const State& state, const Pass& pass, const Credential& credential, Retirement why) {
  const Target& live = state.world.target;
  const std::string what = revision_text(credential.revision);
  const bool read = live.revision != 0 && credential.value == live.value;
  const bool alive = state.world.object.uid == pass.seen.object.uid;
  if (why == Retirement::replaced && alive && state.world.staged.revision <= credential.revision)
    break_promise("2: " + what + " is replaced by nothing that is kept");
  if (read && why != Retirement::replaced && !pass.target_meddled)
    break_promise("2: " + what + " is retired, which consumers read");
  switch (why) {
    case Retirement::oldest:
      if (count_credentials(state.world.registry.client) < kMaxSecrets)
        break_promise("2: " + what + " is retired for a slot, and there is a free one");
      break;
    case Retirement::older: retiring_older(state, pass, credential); break;
    case Retirement::replaced:
    case Retirement::rejected: break;
  }
}

void Promises::retiring_older(const State& state, const Pass& pass, const Credential& credential) {
  const World& world = state.world;
  const Target& live = world.target;
  if (pass.target_meddled || pass.registry_meddled) return;
  const std::string what = revision_text(credential.revision);
  if (live.revision == 0) {
    if (!world.registry.client.disabled)
      break_promise("2: " + what + " is retired, and nothing is published");
    return;
  }
  if (credential.revision >= live.revision)
    break_promise("2: " + what + " is retired, which is not below the published one");
  // A person may end an overlap although something has spoiled the new secret meanwhile.
  if (!stores(world.registry.client, live.value) && !pass.may_cut)
    break_promise("2: " + what + " is retired before its replacement works");
  if (!pass.may_cut && credential.revision >= state.ghost.superseded_for_long)
    break_promise("2: " + what + " is retired before its overlap is over");
}

void Promises::publishing(const State& state, const Pass& pass, const Target& wanted) {
  const World& world = state.world;
  if (wanted.revision == 0) return break_promise("1: a Secret without a value is published");
  const bool new_value = world.target.revision == 0 || world.target.value != wanted.value;
  if (!new_value) return;
  const Registry& registry = world.registry;
  const Client* client = registry.picks_ids ? find_picked(registry, wanted.credential) : &registry.client;
  const bool accepted = authenticates(registry, wanted) && (!client->disabled || pass.seen.object.suspended);
  if (!accepted && !pass.registry_meddled)
    break_promise("1: " + revision_text(wanted.revision) + " is published, and the registry rejects it");
  if (wanted.revision < state.ghost.highest_published)
    break_promise("revisions go back to " + std::to_string(wanted.revision));
}

void Promises::unstaging(const State& state, const Pass& pass) {
  const Target& live = state.world.target;
  const Staged& staged = pass.seen.staged;
  if (staged.credential != 0 && find_picked(state.world.registry, staged.credential) == nullptr) return;
  const bool published = live.operation == staged.operation || live.revision >= staged.revision;
  if (!published && !pass.target_meddled)
    break_promise("3: " + revision_text(staged.revision) + " is unstaged before it is published");
}

void Promises::telling(const Status& after) {
  const bool same_id = after.previous_credential != 0 && after.previous_credential == after.credential;
  if (same_id || (after.previous_revision != 0 && after.previous_revision >= after.revision))
    break_promise("10: the status calls previous what is not older");
}

std::string wrong_at_rest(const World& world) {
  if (world.staged.revision != 0) return "10: a staged Secret is left behind";
  if (world.target.revision == 0) return "1: nothing is published in the end";
  if (world.target.owner != world.object.uid) return "9: the Secret has another owner";
  if (!world.object.finalizer) return "6: the finalizer is missing";
  if (!has_right_client(world)) return "1: the client is not right in the end";
  if (!has_right_status(world)) return "10: the status is not right in the end";
  return has_answered_tokens(world) ? "" : "3: a token is left without an answer";
}

void forget_what_nobody_knows(State& state) {
  Ghost& ghost = state.ghost;
  for (std::size_t id = 0; id < ghost.rotations.size(); ++id) {
    if (!knows_of(state.world, id)) ghost.rotations[id] = 0;
  }
  ghost.highest_published = std::min(ghost.highest_published, highest_known(state.world));
}

}  // namespace apiclient::reconciler::model
