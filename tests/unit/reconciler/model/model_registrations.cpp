// The steps of Actor where the server picks ids and makes secrets.
#include <algorithm>

#include "unit/reconciler/model/model_actor.h"

namespace apiclient::reconciler::model {

Actor::Progress Actor::perform(const step::Fence& step) {
  if (!pass_.object_current) return Progress::refused;
  const Token token = planned().staged_token;
  Fence& fence = world_.object.status.fence;
  // What the product counts as registration.lost.
  if (fence.operation != 0) promises_.lose(state_, fence.operation);
  fence = {.operation = fresh_secret(state_),
           .revision = static_cast<Number>(step.revision),
           .token = token,
           .recovers = recovers(token)};
  seen_.object.status = world_.object.status;
  other_.object_current = false;
  return Progress::done;
}

Actor::Progress Actor::perform(const step::RegisterClient& /*step*/) {
  const Fence& fence = seen_.object.status.fence;
  promises_.registering(state_, pass_, fence);
  const Number id = fresh_credential(state_);
  Client client{.present = true,
                .mark_uid = seen_.object.uid,
                .mark_revision = fence.revision,
                .disabled = false,
                .credentials = {}};
  client.credentials[0] = {
      .revision = fence.revision, .operation = fence.operation, .value = fence.operation, .id = id};
  if (!add_picked(world_.registry, client)) promises_.break_promise("5: there are too many clients");
  answer_ = {.operation = fence.operation, .credential = id};
  return Progress::done;
}

Actor::Progress Actor::perform(const step::StageAnswer& /*step*/) {
  const Fence& fence = seen_.object.status.fence;
  if (answer_.operation != fence.operation || answer_.credential == 0) return Progress::refused;
  const bool alive = world_.object.uid == seen_.object.uid;
  if (alive && world_.staged.revision != 0) return Progress::refused;  // exists already, the answer is kept
  promises_.staging(state_, pass_, fence.token);
  seen_.staged = {.revision = fence.revision,
                  .operation = fence.operation,
                  .credential = answer_.credential,
                  .token = fence.token,
                  .recovers = fence.recovers,
                  .was_published = false};
  count_mint(fence.token);
  if (alive) world_.staged = seen_.staged;
  seen_.client_id = answer_.credential;
  seen_.client = {.present = true,
                  .mark_uid = seen_.object.uid,
                  .mark_revision = fence.revision,
                  .disabled = false,
                  .credentials = {}};
  seen_.client.credentials[0] = {.revision = fence.revision,
                                 .operation = fence.operation,
                                 .value = fence.operation,
                                 .id = answer_.credential};
  answer_ = {};
  return Progress::done;
}

Actor::Progress Actor::perform(const step::RemoveClient& step) {
  if (pass_.wrote_target && !pass_.target_current) return Progress::refused;
  return remove(number_in(step.client_id), Retirement::older);
}

Actor::Progress Actor::remove(Number client_id, Retirement why) {
  const Client* client = find_picked(world_.registry, client_id);
  if (client == nullptr) return Progress::done;
  promises_.removing(state_, pass_, *client, why);
  remove_picked(world_.registry, client_id);
  return Progress::done;
}

}  // namespace apiclient::reconciler::model
