#include "kube/object_meta.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace apiclient::kube {
namespace {

std::string_view value_of(const StringMap& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? std::string_view() : std::string_view(found->second);
}

StringMap read_map(const json::Reader& metadata, std::string_view member) {
  StringMap map;
  for (auto& [name, value] : metadata.text_map(member)) map.emplace(std::move(name), std::move(value));
  return map;
}

}  // namespace

bool ObjectMeta::has_finalizer(std::string_view name) const {
  return std::find(finalizers.begin(), finalizers.end(), name) != finalizers.end();
}

std::string_view ObjectMeta::annotation(std::string_view name) const { return value_of(annotations, name); }

std::string_view ObjectMeta::label(std::string_view name) const { return value_of(labels, name); }

ObjectMeta read_object_meta(const json::Reader& object) {
  const json::Reader metadata = object.object("metadata");
  return {.key = {.namespace_name = metadata.optional_text("namespace").value_or(""),
                  .name = metadata.text("name")},
          .uid = metadata.optional_text("uid").value_or(""),
          .resource_version = metadata.optional_text("resourceVersion").value_or(""),
          .generation = metadata.optional_integer("generation").value_or(0),
          .creation_timestamp = metadata.optional_time("creationTimestamp").value_or(WallTime{}),
          .deletion_timestamp = metadata.optional_time("deletionTimestamp"),
          .finalizers = metadata.optional_texts("finalizers").value_or(std::vector<std::string>{}),
          .labels = read_map(metadata, "labels"),
          .annotations = read_map(metadata, "annotations")};
}

Result<ObjectMeta> read_object_meta(const Json& object) {
  json::Problems problems;
  ObjectMeta meta = read_object_meta(json::Reader(object, problems));
  if (auto result = problems.result("read object metadata"); !result) {
    return fail(ErrorKind::protocol, std::move(result).error().message);
  }
  return meta;
}

}  // namespace apiclient::kube
