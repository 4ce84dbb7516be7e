#include "reconciler/observation.h"

namespace apiclient::reconciler {

ClientOwner owner_of(const std::optional<backend::RegisteredClient>& registered,
                     const kube::ObjectMeta& client, const std::string& installation_id) {
  if (!registered) return ClientOwner::nobody;
  if (!registered->mark) return ClientOwner::unmarked;
  const backend::OwnershipMark& mark = *registered->mark;
  if (mark.installation_id != installation_id) return ClientOwner::other_installation;
  const bool same_object = mark.namespace_name == client.key.namespace_name && mark.name == client.key.name;
  return same_object ? ClientOwner::us : ClientOwner::other_client;
}

void use_client_id(Observation& seen, const std::string& client_id) {
  seen.desired.settings.client_id = client_id;
  seen.desired.effective.client_id = client_id;
}

}  // namespace apiclient::reconciler
