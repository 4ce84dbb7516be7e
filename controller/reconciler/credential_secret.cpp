#include "reconciler/credential_secret.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <ranges>
#include <set>

#include "api/names.h"
#include "api/registry_id.h"
#include "base/encoding.h"
#include "base/rfc3339.h"

namespace apiclient::reconciler {
namespace {

using StringSet = std::set<std::string, std::less<>>;

std::int64_t parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() ? number : 0;
}

std::string join(const std::vector<std::string>& words, char separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  for (const auto part : std::views::split(text, separator)) {
    if (!part.empty()) words.emplace_back(part.begin(), part.end());
  }
  return words;
}

/// Members of a Secret's data, decoded.
class Data {
 public:
  Data(const json::Reader& data, json::Problems& problems) : data_(data), problems_(problems) {}

  std::string text(std::string_view key) const {
    auto bytes = base64_decode(data_.optional_text(key).value_or(""));
    if (!bytes) problems_.add(data_.path() + "." + std::string(key), "is not base64");
    return std::move(bytes).value_or("");
  }
  Secret secret(std::string_view key) const {
    std::string bytes = text(key);
    Secret value(bytes);
    wipe(bytes);
    return value;
  }

 private:
  const json::Reader& data_;
  json::Problems& problems_;
};

void put_data(Json& data, std::string_view key, std::string_view value) {
  if (!value.empty()) data[std::string(key)] = base64_encode(value);
}

Json target_data(const Publication& publication) {
  const backend::ClientSettings& settings = publication.settings;
  const backend::Endpoints& endpoints = publication.registry.info.endpoints;
  Json data = Json::object();
  put_data(data, "type", "oauth2");
  put_data(data, "provider", publication.registry.spec.backend);
  put_data(data, "client-id", settings.client_id);
  if (publication.value != nullptr) put_data(data, "client-secret", publication.value->reveal());
  put_data(data, "issuer-uri", publication.registry.spec.issuer);
  put_data(data, "token-uri", endpoints.token);
  put_data(data, "authorization-uri", endpoints.authorization);
  put_data(data, "jwk-set-uri", endpoints.jwks);
  put_data(data, "user-info-uri", endpoints.user_info);
  put_data(data, "scope", join(settings.scopes, publication.registry.spec.scope_separator.front()));
  put_data(data, "client-authentication-method", settings.token_endpoint_auth_method);
  for (const auto& [ours, extra] : publication.client.spec.secret.keys) {
    if (data.contains(ours)) data[extra] = data[ours];
  }
  return data;
}

Json target_labels(const Publication& publication) {
  Json labels = publication.client.spec.secret.labels;
  if (labels.is_null()) labels = Json::object();
  labels[std::string(api::kManagedByLabel)] = api::kManagedBy;
  labels[std::string(api::kNameLabel)] = publication.client.meta.key.name;
  return labels;
}

void put(Json& object, std::string_view member, std::string_view text) {
  if (!text.empty()) object[std::string(member)] = text;
}

/// kind/name: a ClientRegistry is of the Secret's own namespace.
std::string reference_to(const std::string& registry) {
  return std::string(api::registry_kind(registry)).append("/").append(api::registry_name(registry));
}

Json target_annotations(const Publication& publication) {
  Json annotations = publication.client.spec.secret.annotations;
  if (annotations.is_null()) annotations = Json::object();
  put(annotations, api::kOwnerUidAnnotation, publication.client.meta.uid);
  put(annotations, api::kInstallationAnnotation, publication.installation_id);
  put(annotations, api::kRegistryAnnotation, reference_to(publication.registry.name));
  put(annotations, api::kIssuerAnnotation, publication.registry.spec.issuer);
  put(annotations, api::kRevisionAnnotation, std::to_string(publication.revision));
  put(annotations, api::kOperationAnnotation, publication.operation_id);
  put(annotations, api::kCredentialAnnotation, publication.credential_id);
  put(annotations, api::kHandledRotateAnnotation, join(publication.handled_rotations, ','));
  put(annotations, api::kHandledRevokeAnnotation, publication.handled_revoke);
  if (publication.next_rotation)
    put(annotations, api::kNextRotationAnnotation, format_rfc3339(*publication.next_rotation));
  if (publication.retire_at)
    put(annotations, api::kRetireAtAnnotation, format_rfc3339(*publication.retire_at));
  return annotations;
}

/// Names below f:metadata.f:<member> that our field manager owns (Kubernetes API, "Field Management").
StringSet owned_names(const Json& live, std::string_view member) {
  StringSet names;
  const Json entries = live.value("/metadata/managedFields"_json_pointer, Json::array());
  const Json::json_pointer path("/fieldsV1/f:metadata/f:" + std::string(member));
  for (const Json& entry : entries) {
    if (entry.value("manager", "") != api::kFieldManager) continue;
    const Json fields = entry.value(path, Json::object());
    for (const auto& field : fields.items()) {
      if (field.key().starts_with("f:")) names.insert(field.key().substr(2));
    }
  }
  return names;
}

void replace_owned(Json& object, std::string_view member, const Json& wanted) {
  Json& present = object["metadata"][std::string(member)];
  if (!present.is_object()) present = Json::object();
  for (const std::string& name : owned_names(object, member)) {
    if (!wanted.contains(name)) present.erase(name);
  }
  present.update(wanted);
}

}  // namespace

kube::ObjectKey staged_key(const std::string& operator_namespace, const std::string& owner_uid) {
  return {.namespace_name = operator_namespace, .name = "staged-" + owner_uid};
}

Json write_staged(const StagedCredential& staged, const kube::ObjectMeta& owner,
                  const std::string& installation_id) {
  Json data = Json::object();
  put_data(data, "operation-id", staged.operation_id);
  put_data(data, "kind", staged.kind);
  put_data(data, "token", staged.token);
  put_data(data, "revision", std::to_string(staged.revision));
  put_data(data, "client-id", staged.client_id);
  put_data(data, "registry-kind", staged.registry.kind);
  put_data(data, "registry-name", staged.registry.name);
  put_data(data, "issuer", staged.registry.issuer);
  put_data(data, "value", staged.value.reveal());
  put_data(data, "without-value", staged.value.empty() ? "true" : "");
  Json labels = Json::object();
  put(labels, api::kManagedByLabel, api::kManagedBy);
  put(labels, api::kNameLabel, owner.key.name);
  put(labels, api::kStagedLabel, "true");
  Json annotations = Json::object();
  put(annotations, api::kOwnerUidAnnotation, owner.uid);
  put(annotations, api::kOwnerNamespaceAnnotation, owner.key.namespace_name);
  put(annotations, api::kInstallationAnnotation, installation_id);
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata",
           {{"namespace", staged.key.namespace_name},
            {"name", staged.key.name},
            {"labels", labels},
            {"annotations", annotations}}},
          {"type", "Opaque"},
          {"immutable", true},
          {"data", data}};
}

Result<StagedCredential> read_staged(const Json& object) {
  json::Problems problems;
  const json::Reader reader(object, problems);
  const kube::ObjectMeta meta = kube::read_object_meta(reader);
  const json::Reader data_reader = reader.object("data");
  const Data data(data_reader, problems);
  StagedCredential staged{.key = meta.key,
                          .uid = meta.uid,
                          .operation_id = data.text("operation-id"),
                          .kind = data.text("kind"),
                          .token = data.text("token"),
                          .revision = parse_number(data.text("revision")),
                          .client_id = data.text("client-id"),
                          .registry = {.kind = data.text("registry-kind"),
                                       .name = data.text("registry-name"),
                                       .issuer = data.text("issuer")},
                          .value = data.secret("value")};
  // A client without a secret whose id the server has made has nothing but that id.
  const bool without_value = data.text("without-value") == "true";
  if (staged.operation_id.empty() || staged.revision <= 0 || staged.value.empty() != without_value) {
    problems.add("data", "is not a staged credential");
  }
  if (auto read = problems.result("read staged Secret"); !read) return failure_of(std::move(read));
  return staged;
}

std::string_view TargetSecret::owner_uid() const { return meta.annotation(api::kOwnerUidAnnotation); }
std::string_view TargetSecret::installation_id() const {
  return meta.annotation(api::kInstallationAnnotation);
}
std::string_view TargetSecret::operation_id() const { return meta.annotation(api::kOperationAnnotation); }
std::string_view TargetSecret::credential_id() const { return meta.annotation(api::kCredentialAnnotation); }
std::int64_t TargetSecret::revision() const { return revision_of(meta); }
std::vector<std::string> TargetSecret::handled_rotations() const {
  return split(meta.annotation(api::kHandledRotateAnnotation), ',');
}

std::string_view TargetSecret::handled_revoke() const {
  return meta.annotation(api::kHandledRevokeAnnotation);
}

std::optional<WallTime> TargetSecret::retire_at() const {
  const auto time = parse_rfc3339(meta.annotation(api::kRetireAtAnnotation));
  return time ? std::optional(*time) : std::nullopt;
}

std::int64_t revision_of(const kube::ObjectMeta& secret) {
  return parse_number(secret.annotation(api::kRevisionAnnotation));
}

std::string registry_of(const kube::ObjectMeta& secret) {
  const std::string_view reference = secret.annotation(api::kRegistryAnnotation);
  const std::size_t slash = reference.find('/');
  if (slash == std::string_view::npos) return {};
  return api::registry_id(reference.substr(0, slash), reference.substr(slash + 1), secret.key.namespace_name);
}

Result<TargetSecret> read_target(Json object) {
  TargetSecret target;
  json::Problems problems;
  {
    const json::Reader reader(object, problems);
    target.meta = kube::read_object_meta(reader);
    target.type = reader.optional_text("type").value_or("Opaque");
    target.immutable = reader.optional_boolean("immutable").value_or(false);
    const json::Reader data_reader = reader.object("data");
    const Data data(data_reader, problems);
    target.client_id = data.text("client-id");
    target.value = data.secret("client-secret");
  }
  if (auto read = problems.result("read Secret"); !read) return failure_of(std::move(read));
  target.object = std::move(object);
  return target;
}

std::string foreign_writer(const Json& secret) {
  for (const Json& entry : secret.value("/metadata/managedFields"_json_pointer, Json::array())) {
    const std::string manager = entry.value("manager", "");
    if (manager != api::kFieldManager && entry.contains("/fieldsV1/f:data"_json_pointer)) return manager;
  }
  return "";
}

Json make_target(const Publication& publication) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata",
           {{"namespace", publication.client.meta.key.namespace_name},
            {"name", publication.client.secret_name()},
            {"labels", target_labels(publication)},
            {"annotations", target_annotations(publication)}}},
          {"type", publication.client.spec.secret.type},
          {"data", target_data(publication)}};
}

Json update_target(const Json& live, const Publication& publication) {
  Json updated = live;
  replace_owned(updated, "labels", target_labels(publication));
  replace_owned(updated, "annotations", target_annotations(publication));
  updated["data"] = target_data(publication);
  return updated;
}

}  // namespace apiclient::reconciler
