#include "app/installation.h"

#include <nlohmann/json.hpp>

#include "api/names.h"
#include "base/random.h"
#include "json/reader.h"

namespace apiclient::app {
namespace {

constexpr const char* kName = "apiclient-operator";
constexpr const char* kMember = "installation-id";

Result<std::string> read_id(const Json& config_map, const std::string& wanted) {
  json::Problems problems;
  const std::string id = json::Reader(config_map, problems).object("data").text(kMember);
  if (id.empty()) {
    return fail(ErrorKind::invalid, std::string("ConfigMap ") + kName + " has no data." + kMember +
                                        "; restore it, or delete the ConfigMap to start a new installation");
  }
  if (!wanted.empty() && wanted != id) {
    return fail(ErrorKind::invalid, "--installation-id is " + wanted + " but ConfigMap " + kName + " says " +
                                        id + "; drop the flag, or delete the ConfigMap");
  }
  return id;
}

}  // namespace

Result<std::string> ensure_installation_id(kube::Client& client, const std::string& namespace_name,
                                           const std::string& wanted, std::stop_token stop) {
  const kube::ObjectKey key{.namespace_name = namespace_name, .name = kName};
  ASSIGN_OR_RETURN(std::optional<Json> found, client.find(kube::kConfigMaps, key, stop));
  if (found) return read_id(*found, wanted);
  const Json fresh{{"apiVersion", "v1"},
                   {"kind", "ConfigMap"},
                   {"metadata", {{"namespace", namespace_name}, {"name", kName}}},
                   {"data", {{kMember, wanted.empty() ? random_id() : wanted}}}};
  auto created = client.create(kube::kConfigMaps, fresh, api::kFieldManager, stop);
  if (created) return read_id(*created, wanted);
  if (created.error().kind != ErrorKind::already_exists) return failure_of(std::move(created));
  ASSIGN_OR_RETURN(found, client.find(kube::kConfigMaps, key, std::move(stop)));
  if (!found) return fail(ErrorKind::conflict, "the ConfigMap of the installation id comes and goes");
  return read_id(*found, wanted);
}

}  // namespace apiclient::app
