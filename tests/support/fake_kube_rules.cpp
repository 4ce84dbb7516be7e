#include "support/fake_kube_rules.h"

#include <algorithm>
#include <sstream>

#include "base/encoding.h"

namespace apiclient::test {
namespace {

Json without(Json object, std::initializer_list<const char*> members) {
  for (const char* member : members) object.erase(member);
  return object;
}

Json finalizers_of(const Json& object) { return object["metadata"].value("finalizers", Json::array()); }

bool adds_finalizer(const Json& current, const Json& next) {
  const Json old = finalizers_of(current);
  const Json wanted = finalizers_of(next);
  return std::any_of(wanted.begin(), wanted.end(), [&old](const Json& name) {
    return std::find(old.begin(), old.end(), name) == old.end();
  });
}

void keep_member(const Json& from, Json& to, const char* member) {
  to.erase(member);
  if (const auto found = from.find(member); found != from.end()) to[member] = *found;
}

/// One requirement of a selector over a value that may be absent.
Result<bool> holds(const std::string& requirement,
                   const std::function<const Json*(const std::string&)>& look_up) {
  const std::size_t sign = requirement.find('=');
  if (sign == std::string::npos) {
    if (requirement.starts_with("!")) return look_up(requirement.substr(1)) == nullptr;
    return look_up(requirement) != nullptr;
  }
  const bool negative = sign > 0 && requirement[sign - 1] == '!';
  const std::string name = requirement.substr(0, negative ? sign - 1 : sign);
  const std::size_t value_at = requirement.find_first_not_of('=', sign);
  const std::string value = value_at == std::string::npos ? "" : requirement.substr(value_at);
  const Json* found = look_up(name);
  return (found != nullptr && *found == value) != negative;
}

Result<bool> all_hold(const std::string& selector,
                      const std::function<const Json*(const std::string&)>& look_up) {
  std::istringstream requirements(selector);
  for (std::string requirement; std::getline(requirements, requirement, ',');) {
    ASSIGN_OR_RETURN(const bool one, holds(requirement, look_up));
    if (!one) return false;
  }
  return true;
}

const Json* member_of(const Json& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

kube::ObjectKey key_of(const Json& object) {
  return {.namespace_name = metadata_text(object, "namespace"), .name = metadata_text(object, "name")};
}

std::string metadata_text(const Json& object, const char* member) {
  const auto metadata = object.find("metadata");
  return metadata == object.end() ? std::string() : metadata->value(member, std::string());
}

bool has_status_subresource(const kube::ResourceType& type) {
  return type.group.find('.') != std::string::npos && !type.group.ends_with(".k8s.io");
}

kube::Preconditions preconditions_in(const Json& object) {
  return {.uid = metadata_text(object, "uid"), .resource_version = metadata_text(object, "resourceVersion")};
}

Result<void> check_preconditions(const Json& current, const kube::Preconditions& preconditions) {
  if (!preconditions.uid.empty() && preconditions.uid != metadata_text(current, "uid")) {
    return refused(409, "Conflict", "precondition failed: the uid is another one");
  }
  const std::string& version = preconditions.resource_version;
  if (!version.empty() && version != metadata_text(current, "resourceVersion")) {
    return refused(409, "Conflict", "the object has been modified");
  }
  return {};
}

Result<Json> updated(const kube::ResourceType& type, const Json& current, Json next) {
  fold_string_data(next);
  const bool deleting = current["metadata"].contains("deletionTimestamp");
  if (deleting && adds_finalizer(current, next)) {
    return refused(422, "Invalid",
                   "metadata.finalizers: no new finalizers can be added if the object is being deleted");
  }
  for (const char* member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp",
                             "deletionTimestamp", "deletionGracePeriodSeconds", "generation"}) {
    keep_member(current["metadata"], next["metadata"], member);
  }
  for (const char* member : {"apiVersion", "kind"}) keep_member(current, next, member);
  if (has_status_subresource(type)) keep_member(current, next, "status");
  if (current["metadata"].contains("generation") &&
      without(current, {"metadata", "status"}) != without(next, {"metadata", "status"})) {
    next["metadata"]["generation"] = current["metadata"]["generation"].get<std::int64_t>() + 1;
  }
  return next;
}

Json with_status(const Json& current, const Json& next) {
  Json result = current;
  keep_member(next, result, "status");
  return result;
}

Json metadata_only(const Json& object) {
  return {
      {"apiVersion", "meta.k8s.io/v1"}, {"kind", "PartialObjectMetadata"}, {"metadata", object["metadata"]}};
}

Result<bool> selected(const Json& object, const std::string& namespace_name,
                      const std::string& label_selector, const std::string& field_selector) {
  const Json& metadata = object["metadata"];
  if (!namespace_name.empty() && metadata.value("namespace", "") != namespace_name) return false;
  const Json labels = metadata.value("labels", Json::object());
  ASSIGN_OR_RETURN(const bool by_label, all_hold(label_selector, [&labels](const std::string& name) {
                     return member_of(labels, name);
                   }));
  if (!by_label || field_selector.empty()) return by_label;
  return all_hold(field_selector, [&metadata](const std::string& field) {
    return field.starts_with("metadata.") ? member_of(metadata, field.substr(9)) : nullptr;
  });
}

void fold_string_data(Json& object) {
  const auto found = object.find("stringData");
  if (found == object.end()) return;
  for (const auto& [name, value] : found->items())
    object["data"][name] = base64_encode(value.get<std::string>());
  object.erase("stringData");
}

Failure absent(const kube::ResourceType& type, const std::string& name) {
  return refused(404, "NotFound", type.resource + " \"" + name + "\" not found");
}

Failure refused(int status_code, std::string reason, std::string message) {
  const auto kind = [&] {
    switch (status_code) {
      case 403: return ErrorKind::forbidden;
      case 404: return ErrorKind::not_found;
      case 409: return reason == "AlreadyExists" ? ErrorKind::already_exists : ErrorKind::conflict;
      case 410: return ErrorKind::expired;
      default: return ErrorKind::invalid;
    }
  }();
  return fail(Error{
      .kind = kind, .message = std::move(message), .status_code = status_code, .code = std::move(reason)});
}

}  // namespace apiclient::test
