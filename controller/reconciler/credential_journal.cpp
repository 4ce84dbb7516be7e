#include "reconciler/credential_journal.h"

#include <nlohmann/json.hpp>

#include "api/names.h"

namespace apiclient::reconciler {

CredentialJournal::CredentialJournal(kube::Client& client, std::string operator_namespace,
                                     std::string installation_id)
    : client_(client),
      operator_namespace_(std::move(operator_namespace)),
      installation_id_(std::move(installation_id)) {}

Result<std::optional<StagedCredential>> CredentialJournal::find(const std::string& owner_uid,
                                                                std::stop_token stop) {
  const kube::ObjectKey key = staged_key(operator_namespace_, owner_uid);
  ASSIGN_OR_RETURN(const std::optional<Json> object, client_.find(kube::kSecrets, key, std::move(stop)));
  if (!object) return std::optional<StagedCredential>();
  ASSIGN_OR_RETURN(StagedCredential staged, read_staged(*object));
  return std::optional(std::move(staged));
}

Result<StagedCredential> CredentialJournal::stage(StagedCredential staged, const kube::ObjectMeta& owner,
                                                  std::stop_token stop) {
  staged.key = staged_key(operator_namespace_, owner.uid);
  const Json object = write_staged(staged, owner, installation_id_);
  ASSIGN_OR_RETURN(const Json stored,
                   client_.create(kube::kSecrets, object, api::kFieldManager, std::move(stop)));
  ASSIGN_OR_RETURN(const kube::ObjectMeta meta, kube::read_object_meta(stored));
  staged.uid = meta.uid;
  return staged;
}

Result<void> CredentialJournal::drop(const StagedCredential& staged, std::stop_token stop) {
  return client_.remove(kube::kSecrets, staged.key, {.uid = staged.uid}, std::move(stop));
}

}  // namespace apiclient::reconciler
