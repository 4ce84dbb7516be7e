#pragma once
// The ClusterClientRegistry of an embedded registry that is installed together with the operator. Its CRD is
// part of that installation, so whoever installs cannot be sure that the API server knows the kind yet; the
// operator, whose cache of it is complete before it leads, is.

#include <stop_token>
#include <string>

#include "base/backoff.h"
#include "base/result.h"
#include "kube/client.h"
#include "runtime/runnable.h"

namespace apiclient::app {

/// Creates the ClusterClientRegistry that `registry.json` in the ConfigMap describes, and writes into an
/// annotation of the ConfigMap that this is done: what people change or delete afterwards is never made
/// again. One that exists stays as it is. An error when the ConfigMap is missing or describes something else.
Result<void> ensure_registry(kube::Client& client, const kube::ObjectKey& config_map, std::stop_token stop);

/// Does so when this replica leads, and tries again until it is done.
class RegistryCreation final : public runtime::Runnable {
 public:
  /// `client` must outlive it.
  RegistryCreation(kube::Client& client, kube::ObjectKey config_map, Backoff backoff = {});

  [[nodiscard]] std::string name() const override { return "registry creation"; }
  Result<void> run(std::stop_token stop) override;

 private:
  kube::Client& client_;
  kube::ObjectKey config_map_;
  Backoff backoff_;
};

}  // namespace apiclient::app
