#pragma once
// The connections to registries, what each was made from, and what its last probe has shown. Thread-safe.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "backend/registry_connection.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "kube/object_meta.h"
#include "reconciler/registry_trouble.h"

namespace apiclient::reconciler {

class RegistryConnections {
 public:
  using Connection = std::shared_ptr<backend::RegistryConnection>;

  /// What a connection is made from: another one is needed when any of it changes.
  struct Origin {
    std::string uid;
    std::int64_t generation = 0;
    std::string secret_version;

    bool operator==(const Origin&) const = default;
  };
  struct Outcome {
    std::optional<RegistryTrouble> trouble = {};
    backend::RegistryInfo info = {};
  };
  /// The outcome that holds until the next probe is due.
  struct Held {
    Outcome outcome;
    std::chrono::milliseconds too_early_by{0};
  };

  /// Null: there is none that was made from this. `id` as in api/registry_id.h, here as everywhere below.
  [[nodiscard]] Connection made_from(const std::string& id, const Origin& origin) const;
  /// The last one of this very object, whatever has changed since; null when there was none.
  [[nodiscard]] Connection last_of(const kube::ObjectMeta& registry) const;
  /// In the place of any other one, and of what its probes have shown.
  void put(const std::string& id, Origin origin, Connection connection);
  void forget(const std::string& id);

  /// Empty: the connection is to be probed now. It is not after a trouble, and not after a success that
  /// nobody doubts, until the next probe is due: one probe per step, however many suspect the registry.
  std::optional<Held> take_turn(const std::string& id, BootTime now);
  void note(const std::string& id, Outcome outcome, BootTime next_probe);
  /// A call has failed: a success of the last probe does not hold any longer.
  void suspect(const std::string& id);
  /// Whatever the last probe has shown, another one is due.
  void make_due(const std::string& id);

 private:
  struct Known {
    Origin origin;
    Connection connection;
    BootTime next_probe = BootTime::min();
    Outcome last = {};
    bool suspected = false;
  };
  mutable Guarded<std::unordered_map<std::string, Known>> known_;
};

}  // namespace apiclient::reconciler
