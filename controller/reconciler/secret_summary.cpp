#include "reconciler/secret_summary.h"

#include "api/names.h"
#include "kube/object_meta.h"
#include "reconciler/credential_secret.h"

namespace apiclient::reconciler {

Result<SecretSummary> read_secret_summary(const Json& object) {
  ASSIGN_OR_RETURN(const kube::ObjectMeta meta, kube::read_object_meta(object));
  return SecretSummary{.key = meta.key,
                       .resource_version = meta.resource_version,
                       .owner_uid = std::string(meta.annotation(api::kOwnerUidAnnotation)),
                       .owner_name = std::string(meta.label(api::kNameLabel)),
                       .registry = registry_of(meta),
                       .revision = revision_of(meta),
                       .staged = !meta.label(api::kStagedLabel).empty(),
                       .registration = !meta.label(api::kRegistrationLabel).empty(),
                       .former = !meta.annotation(api::kRetireAtAnnotation).empty(),
                       .in_other_hands = !foreign_writer(object).empty()};
}

}  // namespace apiclient::reconciler
