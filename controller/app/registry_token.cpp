#include "app/registry_token.h"

#include <nlohmann/json.hpp>

#include "api/names.h"
#include "base/encoding.h"
#include "base/random.h"
#include "json/json.h"

namespace apiclient::app {

Result<void> ensure_registry_token(kube::Client& client, const std::string& namespace_name,
                                   const std::string& name, std::stop_token stop) {
  const kube::ObjectKey key{.namespace_name = namespace_name, .name = name};
  ASSIGN_OR_RETURN(const std::optional<Json> found, client.find(kube::kSecrets, key, stop));
  if (found) return {};
  const Secret token = random_secret();
  std::string encoded = base64_encode(token.reveal());
  Json fresh{{"apiVersion", "v1"},
             {"kind", "Secret"},
             {"metadata",
              {{"namespace", namespace_name},
               {"name", name},
               {"labels", {{std::string(api::kUsableByLabel), api::kUsableByRegistry}}}}},
             {"type", "Opaque"},
             {"data", {{"token", encoded}}}};
  wipe(encoded);
  auto created = client.create(kube::kSecrets, fresh, api::kFieldManager, std::move(stop));
  wipe(fresh["data"]["token"].get_ref<std::string&>());
  if (!created && created.error().kind != ErrorKind::already_exists) return failure_of(std::move(created));
  return {};
}

}  // namespace apiclient::app
