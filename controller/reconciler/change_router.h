#pragma once
// Which change of which object wakes which reconciler, and what the indexes over the caches learn from it.
// Called by the informers' threads, never by two for one kind at once; quick, and nothing blocks. Thread-safe
// as the parts it is wired to.

#include <string>

#include "api/api_client_summary.h"
#include "api/client_registry.h"
#include "kube/object_meta.h"
#include "reconciler/former_secrets.h"
#include "reconciler/own_writes.h"
#include "reconciler/pass_memory.h"
#include "reconciler/registry_directory.h"
#include "reconciler/registry_news.h"
#include "reconciler/registry_users.h"
#include "reconciler/secret_claims.h"
#include "reconciler/secret_summary.h"
#include "runtime/informer.h"
#include "runtime/work_queue.h"

namespace apiclient::reconciler {

class ChangeRouter {
 public:
  /// All outlive the router.
  struct Wiring {
    const runtime::Store<api::ApiClientSummary>& clients;
    const runtime::Store<api::ClientRegistry>& registries;
    const runtime::Store<api::ClientRegistry>* namespaced_registries = nullptr;  ///< null: the kind is off
    std::string operator_namespace;
    SecretClaims& claims;
    FormerSecrets& formers;
    RegistryUsers& users;
    RegistryDirectory& directory;
    PassMemory& memory;
    OwnWrites& client_writes;
    OwnWrites& secret_writes;
    runtime::WorkQueue& client_queue;
    runtime::WorkQueue& registry_queue;
    runtime::WorkQueue& namespaced_registry_queue;
  };
  explicit ChangeRouter(Wiring wiring) : wiring_(std::move(wiring)) {}

  void client_changed(const runtime::Change<api::ApiClientSummary>& change);
  /// Of a Secret that the operator made.
  void secret_changed(const runtime::Change<SecretSummary>& change);
  /// Of a registry object of either kind.
  void registry_changed(const runtime::Change<api::ClientRegistry>& change);
  /// Of a Secret that is labelled for registries.
  void credentials_changed(const kube::ObjectKey& secret);
  void namespace_changed(const runtime::Change<kube::ObjectMeta>& change);
  /// What the registry's own reconciler has found.
  void registry_has_news(const RegistryNews& news);
  /// Named by its id (api/registry_id.h).
  void look_at_registry(const std::string& id);

 private:
  void look_at(const kube::ObjectKey& registry);
  void count_user(const std::string& from, const std::string& to);
  [[nodiscard]] std::shared_ptr<const api::ClientRegistry> find_registry(const std::string& id) const;
  void look_at_default_registries();

  const Wiring wiring_;
};

}  // namespace apiclient::reconciler
