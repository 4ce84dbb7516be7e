#pragma once
// What is known about every registry right now: written by the registry reconciler, read by the ApiClient
// reconciler. Thread-safe; snapshots are immutable.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "api/api_client.h"
#include "api/client_registry.h"
#include "backend/registry_connection.h"
#include "base/guarded.h"

namespace apiclient::reconciler {

enum class RegistryState { ready, failed };

struct RegistrySnapshot {
  std::string name = {};  ///< its id (api/registry_id.h): "namespace/name" of a ClientRegistry
  std::string uid = {};
  std::int64_t generation = 0;
  bool is_default = false;
  api::ClientRegistrySpec spec = {};
  RegistryState state = RegistryState::failed;
  std::string reason = {};   ///< of a failed one
  std::string message = {};  ///< of a failed one
  bool degraded = false;     ///< has failed for longer than spec.degradedAfter
  bool deleting = false;
  api::AcceptedStateLoss accepted_state_loss = {};
  backend::RegistryInfo info = {};
  /// Null while the registry's credentials have never been read. Kept through later failures, so that a
  /// deletion can still finish after the credential Secret went first.
  std::shared_ptr<backend::RegistryConnection> connection = {};
};

/// May ApiClients of a namespace with these labels use it?
bool allows_namespace(const RegistrySnapshot& registry, const kube::StringMap& labels);

/// A reason why an ApiClient cannot go on, and whether only a change of the ApiClient can help (`stalled`).
struct Refusal {
  std::string reason;
  std::string message;
  bool stalled = false;
};

/// The first probe has not been made yet: wait without saying anything.
struct NotYetKnown {};

using Resolution = std::variant<std::shared_ptr<const RegistrySnapshot>, Refusal, NotYetKnown>;

/// Registries are named by their ids (api/registry_id.h).
class RegistryDirectory {
 public:
  using Snapshot = std::shared_ptr<const RegistrySnapshot>;

  /// With `allow_namespaced`, ApiClients may use a ClientRegistry of their namespace.
  explicit RegistryDirectory(bool allow_namespaced = false) : allow_namespaced_(allow_namespaced) {}

  /// Returns what was there before; null when new.
  Snapshot put(Snapshot registry);
  /// The registry object exists but has not been probed.
  void expect(const std::string& name);
  /// True from then until the outcome of its first probe is put.
  [[nodiscard]] bool awaits_probe(const std::string& name) const;
  Snapshot remove(const std::string& name);
  /// Null when unknown.
  [[nodiscard]] Snapshot find(const std::string& name) const;
  /// Those that have been probed.
  [[nodiscard]] std::vector<Snapshot> all() const;

  /// Why this registry is out of reach although it may exist; empty when it is not.
  [[nodiscard]] std::optional<Refusal> refuse_kind(const std::string& name) const;
  /// The registry of an ApiClient: pinned by its status, else asked for, else the default one, if its
  /// namespace (with these labels) may use it. A registry that has failed is given too: its state says so.
  [[nodiscard]] Resolution resolve(const api::ApiClient& client,
                                   const kube::StringMap& namespace_labels) const;

 private:
  using Entries = std::unordered_map<std::string, Snapshot>;  ///< null: expected
  /// An empty name: the default one.
  [[nodiscard]] Resolution look_up(const std::string& name) const;
  [[nodiscard]] static Resolution resolve_name(const Entries& entries, const std::string& name);
  [[nodiscard]] static Resolution resolve_default(const Entries& entries);
  const bool allow_namespaced_;
  mutable Guarded<Entries> entries_;
};

}  // namespace apiclient::reconciler
