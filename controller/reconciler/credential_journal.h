#pragma once
// Staging behind three functions, so that another journal can replace one Secret per mint. Thread-safe.

#include <optional>
#include <stop_token>
#include <string>

#include "kube/client.h"
#include "reconciler/credential_secret.h"

namespace apiclient::reconciler {

class CredentialJournal {
 public:
  /// `client` outlives this.
  CredentialJournal(kube::Client& client, std::string operator_namespace, std::string installation_id);

  /// A live read.
  Result<std::optional<StagedCredential>> find(const std::string& owner_uid, std::stop_token stop);
  /// Exactly one stage per owner wins: the others get `already_exists` and continue with what is there.
  Result<StagedCredential> stage(StagedCredential staged, const kube::ObjectMeta& owner,
                                 std::stop_token stop);
  /// Absent is success.
  Result<void> drop(const StagedCredential& staged, std::stop_token stop);

 private:
  kube::Client& client_;
  std::string operator_namespace_;
  std::string installation_id_;
};

}  // namespace apiclient::reconciler
