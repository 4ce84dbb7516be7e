#pragma once
// One pass for one registry of either kind: read its credentials, probe it, tell the directory and the
// status. Thread-safe; one call per object at a time.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>

#include "api/client_registry.h"
#include "base/clock.h"
#include "kube/client.h"
#include "reconciler/action_reporter.h"
#include "reconciler/orphaned_registries.h"
#include "reconciler/registry_connections.h"
#include "reconciler/registry_credentials.h"
#include "reconciler/registry_directory.h"
#include "reconciler/registry_news.h"
#include "reconciler/registry_status.h"
#include "reconciler/registry_users.h"
#include "reconciler/state_loss_guard.h"
#include "reconciler/sweep_findings.h"
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
    const runtime::Store<api::ClientRegistry>& registries;  ///< of the cluster kind
    RegistryDirectory& directory;
    const RegistryUsers& users;
    StateLossGuard& state_loss;
    SweepFindings& sweep;
    const Clock& clock;
    const ActionReporter& report;
    std::string operator_namespace;
    Connect connect;
    /// Its clients must look again.
    std::function<void(const RegistryNews& news)> changed;
    /// Null: ClientRegistries are not used.
    const runtime::Store<api::ClientRegistry>* namespaced_registries = nullptr;
    /// All that a ClientRegistry can lead to.
    backend::HostList namespaced_hosts = {};
  };
  explicit ClientRegistryReconciler(Wiring wiring);

  Result<runtime::Action> reconcile(const kube::ObjectKey& key, std::stop_token stop) override;
  /// A call to it (api/registry_id.h) has failed: the next pass probes it, unless it is known to be in
  /// trouble.
  void suspect(const std::string& registry);

 private:
  using Trouble = RegistryTrouble;
  using Connection = RegistryConnections::Connection;
  struct Probed {
    std::optional<Trouble> trouble;
    Connection connection;
    backend::RegistryInfo info;
    std::optional<std::chrono::milliseconds> too_early_by = {};  ///< set: it is the last outcome, repeated
  };
  [[nodiscard]] bool exists(const kube::ObjectKey& key) const;
  /// Nobody has it any more.
  void forget(const std::string& id);
  /// Null: everywhere.
  [[nodiscard]] std::shared_ptr<const backend::HostList> hosts_for(const api::ClientRegistry& registry) const;
  [[nodiscard]] std::optional<Trouble> check_spec(const api::ClientRegistry& registry) const;
  /// False: the finalizer went, and with it the object.
  Result<bool> tend_finalizer(api::ClientRegistry& registry, std::stop_token stop);
  /// The annotation apiclient.dev/accept-state-loss.
  void accept_state_loss(api::ClientRegistry& registry);
  Result<Probed> probe(api::ClientRegistry& registry, std::stop_token stop);
  Result<void> ask(api::ClientRegistry& registry, Probed& probed, std::stop_token stop);
  /// After a good probe: are our clients there? Only where there is a reason to ask.
  Result<void> check_state(api::ClientRegistry& registry, Probed& probed, std::stop_token stop);
  std::variant<Connection, Trouble> connect(const api::ClientRegistry& registry,
                                            RegistryCredentials credentials);
  void note_outcome(const api::ClientRegistry& registry, const Probed& probed);
  void publish(const api::ClientRegistry& registry, const Probed& probed, bool degraded);
  Result<runtime::Action> write_outcome(const api::ClientRegistry& registry, const Json& status_as_read,
                                        const Probed& probed, std::stop_token stop);
  [[nodiscard]] api::ClientRegistryStatus summarise(const api::ClientRegistry& registry, const Probed& probed,
                                                    WallTime now) const;
  /// Another registry with the default mark; empty when this one has none, or is the only one.
  [[nodiscard]] std::string rival_of(const api::ClientRegistry& registry) const;

  Wiring wiring_;
  const std::shared_ptr<const backend::HostList> namespaced_hosts_;
  CredentialsReader credentials_;
  OrphanedRegistries orphaned_;
  telemetry::Log log_;
  RegistryConnections connections_;
};

}  // namespace apiclient::reconciler
