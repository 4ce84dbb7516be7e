#pragma once
// Many clients of one World, and the work queue that would wake them: each is looked at when it changes, and
// again when its last pass asked for that. Time goes by only here. Used by one thread.

#include <map>
#include <string>
#include <vector>

#include "unit/reconciler/world.h"

namespace apiclient::test {

class Fleet {
 public:
  /// `count` clients that differ in nothing but their names.
  Fleet(World& world, int count, const Json& spec);

  /// What wants to be done until then is done, each at its time.
  void run_until(WallTime end);
  void run_for(WallTime::duration time) { run_until(world_.clock.wall_now() + time); }
  /// A new process, which lists everything.
  void restart();

  /// One pass of one client, and those that its own writes cause.
  void pass(const kube::ObjectKey& key);

  [[nodiscard]] const std::vector<kube::ObjectKey>& keys() const { return keys_; }
  [[nodiscard]] api::ApiClientStatus status(const kube::ObjectKey& key) const;

 private:
  void wake_all();

  World& world_;
  std::vector<kube::ObjectKey> keys_;
  std::multimap<WallTime, kube::ObjectKey> queue_;
};

}  // namespace apiclient::test
