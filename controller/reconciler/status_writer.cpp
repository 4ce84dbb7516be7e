#include "reconciler/status_writer.h"

#include <nlohmann/json.hpp>

#include "api/names.h"

namespace apiclient::reconciler {
namespace {

Json preconditions(const kube::ObjectMeta& meta) {
  return {{"uid", meta.uid}, {"resourceVersion", meta.resource_version}};
}

Result<void> remember_version(const Json& stored, kube::ObjectMeta& meta) {
  ASSIGN_OR_RETURN(const kube::ObjectMeta written, kube::read_object_meta(stored));
  meta.resource_version = written.resource_version;
  meta.finalizers = written.finalizers;
  return {};
}

}  // namespace

Result<void> write_status_if_changed(kube::Client& client, const kube::ResourceType& type,
                                     kube::ObjectMeta& meta, const Json& before, const Json& after,
                                     std::stop_token stop) {
  if (before == after) return {};
  Json metadata = preconditions(meta);
  metadata["name"] = meta.key.name;
  if (type.namespaced) metadata["namespace"] = meta.key.namespace_name;
  const Json object{
      {"apiVersion", type.api_version()}, {"kind", type.kind}, {"metadata", metadata}, {"status", after}};
  ASSIGN_OR_RETURN(const Json stored,
                   client.replace_status(type, object, api::kStatusFieldManager, std::move(stop)));
  return remember_version(stored, meta);
}

Result<void> write_finalizers(kube::Client& client, const kube::ResourceType& type, kube::ObjectMeta& meta,
                              std::vector<std::string> finalizers, std::stop_token stop) {
  Json metadata = preconditions(meta);
  metadata["finalizers"] = std::move(finalizers);
  const Json patch{{"metadata", metadata}};
  ASSIGN_OR_RETURN(const Json stored,
                   client.merge_patch(type, meta.key, patch, api::kFieldManager, std::move(stop)));
  return remember_version(stored, meta);
}

}  // namespace apiclient::reconciler
