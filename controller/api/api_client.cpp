#include "api/api_client.h"

#include <nlohmann/json.hpp>

#include "api/read_duration.h"
#include "api/registry_id.h"
#include "base/rfc3339.h"

namespace apiclient::api {
namespace {

kube::StringMap read_string_map(const json::Reader& reader, std::string_view member) {
  kube::StringMap map;
  for (auto& [key, value] : reader.text_map(member)) map.emplace(std::move(key), std::move(value));
  return map;
}

RegistryParameter read_parameter(const Json& value) {
  if (const auto* text = value.get_ptr<const std::string*>()) return {.text = *text, .values = {*text}};
  RegistryParameter parameter{.text = json::dump(value), .values = {}};
  if (!value.is_array()) {
    parameter.values.push_back(parameter.text);
    return parameter;
  }
  for (const Json& item : value)
    parameter.values.push_back(item.is_string() ? item.get<std::string>() : json::dump(item));
  return parameter;
}

std::map<std::string, RegistryParameter> read_parameters(const Json& members) {
  std::map<std::string, RegistryParameter> parameters;
  if (!members.is_object()) return parameters;
  for (const auto& [name, value] : members.items()) parameters.emplace(name, read_parameter(value));
  return parameters;
}

/// A word that is none of the three must never come to mean Delete.
std::optional<DeletionPolicy> read_deletion_policy(const json::Reader& spec, json::Problems& problems) {
  const auto text = spec.optional_text("deletionPolicy");
  if (!text) return std::nullopt;
  for (const DeletionPolicy policy :
       {DeletionPolicy::remove, DeletionPolicy::disable, DeletionPolicy::retain}) {
    if (*text == to_string(policy)) return policy;
  }
  problems.add(spec.path() + ".deletionPolicy", "must be Delete, Disable or Retain");
  return std::nullopt;
}

SecretTemplate read_secret_template(const json::Reader& secret) {
  return {.name = secret.optional_text("name"),
          .type = secret.optional_text("type").value_or("servicebinding.io/oauth2"),
          .keys = read_string_map(secret, "keys"),
          .labels = read_string_map(secret, "labels"),
          .annotations = read_string_map(secret, "annotations")};
}

AdoptSpec read_adopt(const json::Reader& adopt) {
  AdoptSpec spec{.client_id = adopt.text("clientId")};
  if (!adopt.has("secretRef")) return spec;
  const json::Reader secret = adopt.object("secretRef");
  spec.secret_name = secret.text("name");
  spec.secret_key = secret.optional_text("key").value_or("client-secret");
  return spec;
}

/// A kind that is none of the three is never taken for another one.
std::vector<RestartTarget> read_restart_targets(const json::Reader& spec, json::Problems& problems) {
  std::vector<RestartTarget> targets;
  spec.each("restartTargets", [&](const json::Reader& item) {
    const std::string kind = item.text("kind");
    for (const WorkloadKind one :
         {WorkloadKind::deployment, WorkloadKind::stateful_set, WorkloadKind::daemon_set}) {
      if (kind == resource_type_of(one).kind)
        return targets.push_back({.kind = one, .name = item.text("name")});
    }
    problems.add(item.path() + ".kind", "must be Deployment, StatefulSet or DaemonSet");
  });
  return targets;
}

void read_describing_members(const json::Reader& reader, ApiClientSpec& spec) {
  spec.contacts = reader.optional_texts("contacts").value_or(std::vector<std::string>{});
  spec.client_uri = reader.optional_text("clientUri").value_or("");
  spec.logo_uri = reader.optional_text("logoUri").value_or("");
  spec.policy_uri = reader.optional_text("policyUri").value_or("");
  spec.tos_uri = reader.optional_text("tosUri").value_or("");
}

void read_oauth_members(const json::Reader& reader, json::Problems& problems, ApiClientSpec& spec) {
  const std::vector<std::string> none;
  spec.type = reader.optional_text("type").value_or("Machine");
  spec.grant_types = reader.optional_texts("grantTypes");
  spec.redirect_uris = reader.optional_texts("redirectUris").value_or(none);
  spec.post_logout_redirect_uris = reader.optional_texts("postLogoutRedirectUris").value_or(none);
  spec.allowed_cors_origins = reader.optional_texts("allowedCorsOrigins").value_or(none);
  spec.require_consent = reader.optional_boolean("requireConsent");
  spec.scopes = reader.optional_texts("scopes");
  spec.audiences = reader.optional_texts("audiences").value_or(none);
  spec.token_endpoint_auth_method = reader.optional_text("tokenEndpointAuthMethod");
  spec.jwks_uri = reader.optional_text("jwksUri").value_or("");
  if (reader.has("jwks")) spec.jwks = json::dump(reader.raw("jwks"));
  const json::Reader lifetimes = reader.object("tokenLifetimes");
  spec.token_lifetimes = {.access_token = read_duration(lifetimes, "accessToken", problems),
                          .refresh_token = read_duration(lifetimes, "refreshToken", problems),
                          .id_token = read_duration(lifetimes, "idToken", problems)};
}

ApiClientSpec read_spec(const json::Reader& reader, json::Problems& problems) {
  ApiClientSpec spec;
  spec.display_name = reader.text("displayName");
  spec.client_id = reader.optional_text("clientId");
  read_oauth_members(reader, problems, spec);
  read_describing_members(reader, spec);
  spec.registry_parameters = read_parameters(reader.raw("registryParameters"));
  if (reader.has("registryRef")) {
    const json::Reader ref = reader.object("registryRef");
    spec.registry_ref = RegistryRef{.kind = ref.optional_text("kind").value_or("ClusterClientRegistry"),
                                    .name = ref.text("name")};
  }
  spec.secret = read_secret_template(reader.object("secret"));
  spec.suspended = reader.optional_boolean("suspended").value_or(false);
  spec.rotation = read_rotation_spec(reader.object("rotation"), problems);
  spec.restart_targets = read_restart_targets(reader, problems);
  spec.deletion_policy = read_deletion_policy(reader, problems);
  if (reader.has("adopt")) spec.adopt = read_adopt(reader.object("adopt"));
  return spec;
}

RegistryStatus read_registry_status(const json::Reader& reader) {
  return {.kind = reader.optional_text("kind").value_or(""),
          .name = reader.optional_text("name").value_or(""),
          .issuer = reader.optional_text("issuer").value_or("")};
}

CredentialStatus read_credential(const json::Reader& reader) {
  return {.revision = reader.optional_integer("revision").value_or(0),
          .id = reader.optional_text("id").value_or(""),
          .hint = reader.optional_text("hint").value_or(""),
          .issued_at = reader.optional_time("issuedAt"),
          .last_used_at = reader.optional_time("lastUsedAt")};
}

PreviousStatus read_previous(const json::Reader& reader) {
  return {.revision = reader.optional_integer("revision").value_or(0),
          .id = reader.optional_text("id").value_or(""),
          .hint = reader.optional_text("hint").value_or(""),
          .retire_at = reader.optional_time("retireAt"),
          .last_used_at = reader.optional_time("lastUsedAt")};
}

InProgress read_in_progress(const json::Reader& reader) {
  return {.operation_id = reader.optional_text("operationId").value_or(""),
          .kind = reader.optional_text("kind").value_or(""),
          .revision = reader.optional_integer("revision").value_or(0),
          .token = reader.optional_text("token").value_or(""),
          .client_id = reader.optional_text("clientId").value_or(""),
          .registry = read_registry_status(reader.object("registry"))};
}

RotationStatus read_rotation(const json::Reader& reader) {
  RotationStatus rotation{
      .strategy = reader.optional_text("strategy").value_or(""),
      .last_time = reader.optional_time("lastTime"),
      .last_reason = reader.optional_text("lastReason").value_or(""),
      .last_handled_token = reader.optional_text("lastHandledToken").value_or(""),
      .handled_ids = reader.optional_texts("handledIds").value_or(std::vector<std::string>{}),
      .last_handled_revoke = reader.optional_text("lastHandledRevoke").value_or(""),
      .next_time = reader.optional_time("nextTime")};
  if (reader.has("inProgress")) rotation.in_progress = read_in_progress(reader.object("inProgress"));
  const json::Reader refused = reader.object("refused");
  rotation.refused_token = refused.optional_text("token").value_or("");
  rotation.refused_reason = refused.optional_text("reason").value_or("");
  return rotation;
}

EffectiveSpec read_effective(const json::Reader& reader) {
  const std::vector<std::string> none;
  const json::Reader secret = reader.object("secret");
  const json::Reader registry = reader.object("registry");
  return {.client_id = reader.optional_text("clientId").value_or(""),
          .type = reader.optional_text("type").value_or(""),
          .grant_types = reader.optional_texts("grantTypes").value_or(none),
          .scopes = reader.optional_texts("scopes").value_or(none),
          .audiences = reader.optional_texts("audiences").value_or(none),
          .token_endpoint_auth_method = reader.optional_text("tokenEndpointAuthMethod").value_or(""),
          .require_consent = reader.optional_boolean("requireConsent"),
          .secret_name = secret.optional_text("name").value_or(""),
          .secret_type = secret.optional_text("type").value_or(""),
          .deletion_policy = reader.optional_text("deletionPolicy").value_or(""),
          .registry = {.kind = registry.optional_text("kind").value_or(""),
                       .name = registry.optional_text("name").value_or("")}};
}

ApiClientStatus read_status(const json::Reader& reader) {
  ApiClientStatus status;
  status.observed_generation = reader.optional_integer("observedGeneration").value_or(-1);
  status.conditions = kube::read_conditions(reader);
  status.client_id = reader.optional_text("clientId").value_or("");
  if (reader.has("registry")) status.registry = read_registry_status(reader.object("registry"));
  status.binding_name = reader.object("binding").optional_text("name").value_or("");
  if (reader.has("credential")) status.credential = read_credential(reader.object("credential"));
  if (reader.has("previous")) status.previous = read_previous(reader.object("previous"));
  status.rotation = read_rotation(reader.object("rotation"));
  status.last_handled_reconcile = reader.optional_text("lastHandledReconcile").value_or("");
  status.failure_count = static_cast<int>(reader.object("failure").optional_integer("count").value_or(0));
  status.failure_time = reader.object("failure").optional_time("lastTime");
  if (reader.has("effective")) status.effective = read_effective(reader.object("effective"));
  return status;
}

void put(Json& object, const char* member, const std::string& text) {
  if (!text.empty()) object[member] = text;
}
void put(Json& object, const char* member, const std::optional<WallTime>& time) {
  if (time) object[member] = format_rfc3339(*time);
}
void put(Json& object, const char* member, Json&& nested) {
  if (!nested.empty()) object[member] = std::move(nested);
}

Json write_registry_status(const RegistryStatus& registry) {
  Json object = Json::object();
  put(object, "kind", registry.kind);
  put(object, "name", registry.name);
  put(object, "issuer", registry.issuer);
  return object;
}

Json write_credential(const CredentialStatus& credential) {
  Json object{{"revision", credential.revision}};
  put(object, "id", credential.id);
  put(object, "hint", credential.hint);
  put(object, "issuedAt", credential.issued_at);
  put(object, "lastUsedAt", credential.last_used_at);
  return object;
}

Json write_previous(const PreviousStatus& previous) {
  Json object{{"revision", previous.revision}};
  put(object, "id", previous.id);
  put(object, "hint", previous.hint);
  put(object, "retireAt", previous.retire_at);
  put(object, "lastUsedAt", previous.last_used_at);
  return object;
}

Json write_in_progress(const InProgress& in_progress) {
  Json object{{"operationId", in_progress.operation_id}, {"revision", in_progress.revision}};
  put(object, "kind", in_progress.kind);
  put(object, "token", in_progress.token);
  put(object, "clientId", in_progress.client_id);
  put(object, "registry", write_registry_status(in_progress.registry));
  return object;
}

Json write_rotation(const RotationStatus& rotation) {
  Json object = Json::object();
  put(object, "strategy", rotation.strategy);
  put(object, "lastTime", rotation.last_time);
  put(object, "lastReason", rotation.last_reason);
  put(object, "lastHandledToken", rotation.last_handled_token);
  put(object, "handledIds", Json(rotation.handled_ids));
  put(object, "lastHandledRevoke", rotation.last_handled_revoke);
  put(object, "nextTime", rotation.next_time);
  if (rotation.in_progress) object["inProgress"] = write_in_progress(*rotation.in_progress);
  if (!rotation.refused_token.empty()) {
    object["refused"] = {{"token", rotation.refused_token}, {"reason", rotation.refused_reason}};
  }
  return object;
}

Json write_effective(const EffectiveSpec& effective) {
  Json object = Json::object();
  put(object, "clientId", effective.client_id);
  put(object, "type", effective.type);
  put(object, "grantTypes", Json(effective.grant_types));
  put(object, "scopes", Json(effective.scopes));
  put(object, "audiences", Json(effective.audiences));
  put(object, "tokenEndpointAuthMethod", effective.token_endpoint_auth_method);
  if (effective.require_consent) object["requireConsent"] = *effective.require_consent;
  object["secret"] = {{"name", effective.secret_name}, {"type", effective.secret_type}};
  put(object, "deletionPolicy", effective.deletion_policy);
  object["registry"] = {{"kind", effective.registry.kind}, {"name", effective.registry.name}};
  return object;
}

}  // namespace

Result<ApiClient> read_api_client(const Json& object) {
  json::Problems problems;
  const json::Reader reader(object, problems);
  ApiClient client{.meta = kube::read_object_meta(reader),
                   .spec = read_spec(reader.object("spec"), problems),
                   .status = read_status(reader.object("status"))};
  if (auto read = problems.result("read ApiClient"); !read) return failure_of(std::move(read));
  return client;
}

Json write_status(const ApiClientStatus& status) {
  Json object{{"observedGeneration", status.observed_generation},
              {"conditions", kube::write_conditions(status.conditions)}};
  put(object, "clientId", status.client_id);
  if (status.registry) object["registry"] = write_registry_status(*status.registry);
  if (!status.binding_name.empty()) object["binding"] = {{"name", status.binding_name}};
  if (status.credential) object["credential"] = write_credential(*status.credential);
  if (status.previous) object["previous"] = write_previous(*status.previous);
  put(object, "rotation", write_rotation(status.rotation));
  put(object, "lastHandledReconcile", status.last_handled_reconcile);
  if (status.failure_count > 0) {
    object["failure"] = {{"count", status.failure_count}};
    put(object["failure"], "lastTime", status.failure_time);
  }
  if (status.effective) object["effective"] = write_effective(*status.effective);
  return object;
}

std::string_view shown_token(std::string_view token) {
  constexpr std::size_t kLongest = 256;
  if (token.size() <= kLongest) return token;
  std::size_t end = kLongest;
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(token[at]) & 0xC0U) == 0x80U;
  };
  while (end > 0 && continues(end)) --end;  // never half a character
  return token.substr(0, end);
}

std::string ApiClient::wanted_registry() const {
  const auto& ref = spec.registry_ref;
  return ref ? registry_id(ref->kind, ref->name, meta.key.namespace_name) : std::string();
}

std::string ApiClient::pinned_registry() const {
  return status.registry ? registry_of(*status.registry) : std::string();
}

std::string ApiClient::registry_of(const RegistryStatus& registry) const {
  return registry_id(registry.kind, registry.name, meta.key.namespace_name);
}

std::string_view to_string(DeletionPolicy policy) {
  switch (policy) {
    case DeletionPolicy::remove: return "Delete";
    case DeletionPolicy::disable: return "Disable";
    case DeletionPolicy::retain: return "Retain";
  }
  return "Delete";
}

}  // namespace apiclient::api
