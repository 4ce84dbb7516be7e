#include "app/registry_creation.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/names.h"
#include "base/random.h"
#include "json/reader.h"
#include "kube/object_meta.h"
#include "runtime/pause.h"
#include "telemetry/log.h"

namespace apiclient::app {
namespace {

constexpr const char* kMember = "registry.json";

Failure not_described(const std::string& why) {
  return fail(ErrorKind::invalid,
              std::string("data.") + kMember + " has to be a ClusterClientRegistry as JSON: " + why);
}

/// A kind that is not expected would be created with the operator's rights all the same.
Result<Json> read_registry(const Json& config_map) {
  json::Problems problems;
  const std::string text = json::Reader(config_map, problems).object("data").text(kMember);
  if (text.empty()) return not_described("it is missing");
  auto described = json::parse(text);
  if (!described) return not_described(described.error().message);
  const json::Reader reader(*described, problems);
  const bool is_one = reader.optional_text("apiVersion") == api::kClusterClientRegistries.api_version() &&
                      reader.optional_text("kind") == api::kClusterClientRegistries.kind;
  if (!is_one) return not_described("its apiVersion or kind is another");
  if (reader.object("metadata").text("name").empty()) return not_described("it has no metadata.name");
  return described;
}

Result<bool> is_created(const Json& config_map) {
  ASSIGN_OR_RETURN(const kube::ObjectMeta meta, kube::read_object_meta(config_map));
  return !meta.annotation(api::kRegistryCreatedAnnotation).empty();
}

}  // namespace

Result<void> ensure_registry(kube::Client& client, const kube::ObjectKey& config_map, std::stop_token stop) {
  ASSIGN_OR_RETURN(std::optional<Json> found, client.find(kube::kConfigMaps, config_map, stop));
  if (!found) return fail(ErrorKind::not_found, "there is no such ConfigMap");
  ASSIGN_OR_RETURN(const bool done, is_created(*found));
  if (done) return {};
  ASSIGN_OR_RETURN(const Json registry, read_registry(*found));
  auto created = client.create(api::kClusterClientRegistries, registry, api::kFieldManager, stop);
  if (!created && created.error().kind != ErrorKind::already_exists) return failure_of(std::move(created));
  const std::string name = registry["metadata"]["name"];
  if (created) telemetry::Log().info("registry created", {{"registry", name}});
  (*found)["metadata"]["annotations"][std::string(api::kRegistryCreatedAnnotation)] = name;
  auto written = client.replace(kube::kConfigMaps, *found, api::kFieldManager, std::move(stop));
  if (!written) return failure_of(std::move(written));
  return {};
}

RegistryCreation::RegistryCreation(kube::Client& client, kube::ObjectKey config_map, Backoff backoff)
    : client_(client), config_map_(std::move(config_map)), backoff_(backoff) {}

Result<void> RegistryCreation::run(std::stop_token stop) {
  for (int attempt = 0; !stop.stop_requested(); ++attempt) {
    const auto ensured = ensure_registry(client_, config_map_, stop);
    if (ensured || stop.stop_requested()) break;
    telemetry::Log().warning("registry not created",
                             {{"config_map", config_map_.text()}, {"error", ensured.error().message}});
    runtime::pause(backoff_.delay(attempt, random_unit()), stop);
  }
  runtime::wait_for_stop(stop);
  return {};
}

}  // namespace apiclient::app
