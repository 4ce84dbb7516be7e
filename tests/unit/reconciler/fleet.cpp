#include "unit/reconciler/fleet.h"

#include <algorithm>

#include "api/names.h"

namespace apiclient::test {

Fleet::Fleet(World& world, int count, const Json& spec) : world_(world) {
  for (int number = 0; number < count; ++number) {
    const std::string name = "client-" + std::to_string(number);
    world.apply(an_api_client().named(name, "uid-" + name).with_spec(spec));
    keys_.push_back({kNamespace, name});
  }
  wake_all();
}

void Fleet::wake_all() {
  queue_.clear();
  for (const kube::ObjectKey& key : keys_) queue_.emplace(world_.clock.wall_now(), key);
}

void Fleet::run_until(WallTime end) {
  while (!queue_.empty() && queue_.begin()->first <= end) {
    const auto [time, key] = *queue_.begin();
    queue_.erase(queue_.begin());
    if (time > world_.clock.wall_now()) world_.clock.advance(time - world_.clock.wall_now());
    pass(key);
  }
  if (end > world_.clock.wall_now()) world_.clock.advance(end - world_.clock.wall_now());
}

void Fleet::restart() {
  world_.restart();
  wake_all();
}

void Fleet::pass(const kube::ObjectKey& key) {
  constexpr int kMostPasses = 12;
  const auto version = [&] { return world_.kube.get(api::kApiClients, key)["metadata"]["resourceVersion"]; };
  for (int number = 0; number < kMostPasses; ++number) {
    const Json before = version();
    const auto action = world_.pass_alone(key);
    if (version() != before) continue;
    const auto entry = std::ranges::find(queue_, key, &decltype(queue_)::value_type::second);
    if (entry != queue_.end()) queue_.erase(entry);
    if (action && action->after) queue_.emplace(world_.clock.wall_now() + *action->after, key);
    return;
  }
}

api::ApiClientStatus Fleet::status(const kube::ObjectKey& key) const {
  return api::read_api_client(world_.kube.get(api::kApiClients, key)).value().status;
}

}  // namespace apiclient::test
