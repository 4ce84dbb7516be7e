#include "kube/api_request.h"

#include <nlohmann/json.hpp>

#include "http/uri.h"
#include "json/reader.h"

namespace apiclient::kube {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPartialObject = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
constexpr std::string_view kPartialList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

void add_if(http::Query& query, std::string_view name, std::string_view value) {
  if (!value.empty()) query.add(name, value);
}

std::string metadata_text(const Json& object, std::string_view member) {
  json::Problems ignored;
  return json::Reader(object, ignored).object("metadata").optional_text(member).value_or("");
}

/// Kubernetes "Object Names and IDs": what may be a segment of a path.
bool is_segment(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/%") == std::string_view::npos;
}

Result<void> check_scope(const ResourceType& type, const ObjectKey& key) {
  if (type.namespaced ? is_segment(key.namespace_name) : key.namespace_name.empty()) return {};
  return fail(ErrorKind::invalid, type.namespaced ? "a namespace is needed" : "the type has no namespaces");
}

Result<void> check_key(const ResourceType& type, const ObjectKey& key) {
  RETURN_IF_ERROR(check_scope(type, key));
  if (!is_segment(key.name)) return fail(ErrorKind::invalid, "not the name of an object");
  return {};
}

http::Request write_request(http::Method method, std::string path, const Json& body,
                            std::string_view content_type) {
  return {.method = method,
          .path = std::move(path),
          .headers = {{"Accept", std::string(kJson)}, {"Content-Type", std::string(content_type)}},
          .body = json::dump(body)};
}

enum class FieldValidation { strict, server_default };

std::string write_query(std::string_view field_manager, FieldValidation validation) {
  http::Query query;
  add_if(query, "fieldManager", field_manager);
  if (validation == FieldValidation::strict) query.add("fieldValidation", "Strict");
  return query.text();
}

Result<void> check_replacement(const ResourceType& type, const Json& object) {
  RETURN_IF_ERROR(check_key(type, key_in(object)));
  if (metadata_text(object, "resourceVersion").empty()) {
    return fail(ErrorKind::invalid, "a replacement without metadata.resourceVersion");
  }
  return {};
}

}  // namespace

ObjectKey key_in(const Json& object) {
  return {.namespace_name = metadata_text(object, "namespace"), .name = metadata_text(object, "name")};
}

Result<http::Request> find_request(const ResourceType& type, const ObjectKey& key) {
  RETURN_IF_ERROR(check_key(type, key));
  return http::Request{.path = object_path(type, key), .headers = {{"Accept", std::string(kJson)}}};
}

http::Request list_request(const ResourceType& type, const ListOptions& options,
                           std::string_view continue_token) {
  http::Query query;
  add_if(query, "labelSelector", options.label_selector);
  add_if(query, "fieldSelector", options.field_selector);
  if (options.page_size > 0) query.add("limit", std::to_string(options.page_size));
  add_if(query, "continue", continue_token);
  if (continue_token.empty()) add_if(query, "resourceVersion", options.resource_version);
  const auto accept = options.content == Content::metadata ? kPartialList : kJson;
  return {.path = collection_path(type, options.namespace_name) + query.text(),
          .headers = {{"Accept", std::string(accept)}}};
}

http::Request watch_request(const ResourceType& type, const WatchOptions& options) {
  http::Query query;
  query.add("watch", "1").add("allowWatchBookmarks", "true");
  add_if(query, "labelSelector", options.label_selector);
  add_if(query, "fieldSelector", options.field_selector);
  add_if(query, "resourceVersion", options.resource_version);
  query.add("timeoutSeconds", std::to_string(options.timeout.count()));
  const auto accept = options.content == Content::metadata ? kPartialObject : kJson;
  return {.path = collection_path(type, options.namespace_name) + query.text(),
          .headers = {{"Accept", std::string(accept)}}};
}

Result<http::Request> create_request(const ResourceType& type, const Json& object,
                                     std::string_view field_manager) {
  const ObjectKey key = key_in(object);
  RETURN_IF_ERROR(check_scope(type, key));
  return write_request(
      http::Method::post,
      collection_path(type, key.namespace_name) + write_query(field_manager, FieldValidation::strict), object,
      kJson);
}

Result<http::Request> replace_request(const ResourceType& type, const Json& object,
                                      std::string_view field_manager) {
  RETURN_IF_ERROR(check_replacement(type, object));
  return write_request(
      http::Method::put,
      object_path(type, key_in(object)) + write_query(field_manager, FieldValidation::strict), object, kJson);
}

Result<http::Request> rehearse_request(const ResourceType& type, const Json& object,
                                       std::string_view field_manager) {
  const bool exists = !metadata_text(object, "resourceVersion").empty();
  auto request =
      exists ? replace_request(type, object, field_manager) : create_request(type, object, field_manager);
  if (request) request->path += "&dryRun=All";
  return request;
}

Result<http::Request> replace_status_request(const ResourceType& type, const Json& object,
                                             std::string_view field_manager) {
  RETURN_IF_ERROR(check_replacement(type, object));
  return write_request(http::Method::put,
                       object_path(type, key_in(object), "status") +
                           write_query(field_manager, FieldValidation::server_default),
                       object, kJson);
}

Result<http::Request> merge_patch_request(const ResourceType& type, const ObjectKey& key, const Json& patch,
                                          std::string_view field_manager) {
  RETURN_IF_ERROR(check_key(type, key));
  return write_request(http::Method::patch,
                       object_path(type, key) + write_query(field_manager, FieldValidation::server_default),
                       patch, "application/merge-patch+json");
}

Result<http::Request> remove_request(const ResourceType& type, const ObjectKey& key,
                                     const Preconditions& preconditions) {
  RETURN_IF_ERROR(check_key(type, key));
  Json options = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!preconditions.uid.empty()) options["preconditions"]["uid"] = preconditions.uid;
  if (!preconditions.resource_version.empty()) {
    options["preconditions"]["resourceVersion"] = preconditions.resource_version;
  }
  return write_request(http::Method::del, object_path(type, key), options, kJson);
}

}  // namespace apiclient::kube
