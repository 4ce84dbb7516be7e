#pragma once
// Registry objects that were deleted with orphanOnDelete: true while ApiClients were registered there. A
// ConfigMap in the operator's namespace remembers each, so that the deletion of those ApiClients does not
// wait for a registry that nobody can ask any more. Thread-safe.

#include <stop_token>
#include <string>

#include "kube/client.h"

namespace apiclient::reconciler {

class OrphanedRegistries {
 public:
  /// `client` outlives this.
  OrphanedRegistries(kube::Client& client, std::string operator_namespace)
      : client_(client), namespace_(std::move(operator_namespace)) {}

  Result<void> remember(const std::string& registry, const std::string& issuer, std::stop_token stop);
  /// A live read. `issuer` is the one that a client was registered at; empty: not known.
  Result<bool> contains(const std::string& registry, const std::string& issuer, std::stop_token stop) const;

 private:
  [[nodiscard]] kube::ObjectKey key_of(const std::string& registry) const;

  kube::Client& client_;
  std::string namespace_;
};

}  // namespace apiclient::reconciler
