#pragma once
// One pass for one ClusterClientRegistry: read its credentials, probe it, tell the directory and the status.
// Thread-safe.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>

#include "api/client_registry.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "kube/client.h"
#include "reconciler/action_reporter.h"
#include "reconciler/registry_directory.h"
#include "reconciler/registry_status.h"
#include "runtime/reconciler.h"
#include "runtime/store.h"
#include "telemetry/log.h"

namespace apiclient::reconciler {

class ClientRegistryReconciler final : public runtime::Reconciler {
 public:
  using Connect =
      std::function<Result<std::unique_ptr<backend::RegistryConnection>>(backend::ConnectionConfig config)>;

  struct Wiring {
    kube::Client& client;
    const runtime::Store<api::ClientRegistry>& registries;
    RegistryDirectory& directory;
    const Clock& clock;
    const ActionReporter& report;
    std::string operator_namespace;
    Connect connect;
    /// A registry has come, gone, recovered or failed, or its spec has changed: its clients must look again.
    std::function<void(const std::string& registry, bool spec_changed)> changed;
  };
  explicit ClientRegistryReconciler(Wiring wiring);

  Result<runtime::Action> reconcile(const kube::ObjectKey& key, std::stop_token stop) override;

 private:
  using Trouble = RegistryTrouble;
  using Connection = std::shared_ptr<backend::RegistryConnection>;
  /// A connection and what it was made from.
  struct Connected {
    std::int64_t generation = 0;
    std::string uid;
    std::string secret_version;
    Connection connection;
  };

  struct Probed {
    std::optional<Trouble> trouble;
    Connection connection;
    backend::RegistryInfo info;
  };
  Result<Probed> probe(const api::ClientRegistry& registry, std::stop_token stop);
  Result<std::variant<Json, Trouble>> find_credentials(const api::ClientRegistry& registry,
                                                       std::stop_token stop);
  std::variant<Connection, Trouble> connect(const api::ClientRegistry& registry, const Json& secret);
  /// The last connection of this very object; null when there was none.
  [[nodiscard]] Connection remembered(const kube::ObjectMeta& registry) const;
  void publish(const api::ClientRegistry& registry, const Probed& probed);
  Result<runtime::Action> write_outcome(const api::ClientRegistry& registry, const Probed& probed,
                                        std::stop_token stop);

  Wiring wiring_;
  telemetry::Log log_;
  mutable Guarded<std::unordered_map<std::string, Connected>> connections_;
};

}  // namespace apiclient::reconciler
