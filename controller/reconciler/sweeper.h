#pragma once
// Once an hour, while leading: lists what bears our mark and has no ApiClient. Clients and published Secrets
// are only counted and named, on their registry; staged Secrets whose owner a live read says is gone are
// deleted. A registry that cannot be searched has no list of clients. `run` on one thread; what the wiring
// refers to outlives it.

#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "api/api_client_summary.h"
#include "base/clock.h"
#include "kube/client.h"
#include "kube/object_meta.h"
#include "reconciler/action_reporter.h"
#include "reconciler/registry_directory.h"
#include "reconciler/secret_summary.h"
#include "reconciler/sweep.h"
#include "reconciler/sweep_findings.h"
#include "runtime/runnable.h"
#include "runtime/store.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace apiclient::reconciler {

class Sweeper final : public runtime::Runnable {
 public:
  struct Wiring {
    kube::Client& client;
    const runtime::Store<api::ApiClientSummary>& clients;
    const runtime::Store<SecretSummary>& secrets;
    const RegistryDirectory& registries;
    SweepFindings& findings;
    const Clock& clock;
    telemetry::Metrics& metrics;
    const ActionReporter& report;
    std::string operator_namespace;
    std::string installation_id;
    /// The findings of this registry have changed.
    std::function<void(const std::string& registry)> changed;
  };
  explicit Sweeper(Wiring wiring) : wiring_(std::move(wiring)) {}

  [[nodiscard]] std::string name() const override { return "sweep"; }
  Result<void> run(std::stop_token stop) override;
  /// One sweep. What fails is logged, and tried again at the next one.
  void sweep(const std::stop_token& stop);

 private:
  using Keys = std::vector<kube::ObjectKey>;
  /// Published ones, and the registry of each.
  using Suspects = std::vector<std::pair<kube::ObjectKey, std::string>>;
  [[nodiscard]] SweepOwners owners() const;
  void sweep_registries(const Suspects& suspects, const std::stop_token& stop);
  void sweep_registry(const RegistrySnapshot& registry, const Suspects& suspects,
                      const std::stop_token& stop);
  void tell(const RegistrySnapshot& registry, Orphans orphans);
  Result<std::vector<std::string>> find_orphans(const RegistrySnapshot& registry,
                                                const std::stop_token& stop) const;
  /// Those that are still there, of one registry or of all (empty).
  [[nodiscard]] std::vector<std::string> orphaned_secrets(const Suspects& suspects,
                                                          const std::string& registry = {}) const;
  void report_orphaned_secrets(const Suspects& suspects);
  /// Deletes it when its owner is gone for certain.
  Result<void> sweep_staged(const kube::ObjectKey& key, const std::stop_token& stop) const;
  [[nodiscard]] bool is_old_and_ours(const kube::ObjectMeta& secret) const;
  Result<bool> owner_is_gone(const kube::ObjectMeta& secret, const std::stop_token& stop) const;

  const Wiring wiring_;
  telemetry::Log log_;
  std::set<std::string> counted_registries_;
  std::vector<std::string> reported_secrets_;
};

}  // namespace apiclient::reconciler
