#pragma once
// The records of dynamically registered clients (backend/registration_store.h) as Kubernetes Secrets in the
// operator's namespace: one per client, `registration-` and 32 hex digits of SHA-256 over registry and client
// id. Always read live, since a token that is out of date locks us out of the client (RFC 7592 §2). Every
// error but `cancelled` has kind `conflict`: the cluster, not the registry, has to be asked again.
// Thread-safe; for all registries at once.

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "backend/registration_store.h"
#include "base/guarded.h"
#include "kube/client.h"
#include "kube/object_meta.h"
#include "reconciler/recorded_client.h"

namespace apiclient::reconciler {

/// Where a person finds it.
kube::ObjectKey registration_key(const std::string& operator_namespace, const std::string& registry,
                                 const std::string& client_id);

class RegistrationRecords {
 public:
  /// `client` outlives this.
  RegistrationRecords(kube::Client& client, std::string operator_namespace, std::string installation_id);

  /// Those of one registry; this outlives it.
  std::unique_ptr<backend::RegistrationStore> of(const std::string& registry);

  Result<std::optional<backend::RegistrationRecord>> find(const std::string& registry,
                                                          const std::string& client_id, std::stop_token stop);
  Result<void> save(const std::string& registry, backend::RegistrationRecord record, std::stop_token stop);
  Result<void> flush(const std::string& registry, const std::string& client_id, std::stop_token stop);
  Result<void> remove(const std::string& registry, const std::string& client_id, std::stop_token stop);
  /// All of one ApiClient at that registry that are written, by revision.
  Result<std::vector<RecordedClient>> list(const std::string& registry, const std::string& owner_uid,
                                           std::stop_token stop);
  [[nodiscard]] kube::ObjectKey key_of(const std::string& registry, const std::string& client_id) const;

 private:
  using Id = std::pair<std::string, std::string>;  ///< registry, client
  Result<std::optional<kube::ObjectMeta>> find_meta(const kube::ObjectKey& key, const std::stop_token& stop);
  Result<void> write(const Id& id, const backend::RegistrationRecord& record, const std::stop_token& stop);

  kube::Client& client_;
  const std::string operator_namespace_;
  const std::string installation_id_;
  /// Not written yet; the only copy of a token that the server has just made.
  Guarded<std::map<Id, backend::RegistrationRecord>> unwritten_;
};

}  // namespace apiclient::reconciler
