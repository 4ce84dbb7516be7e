#include "api/client_registry.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "api/names.h"
#include "api/registry_id.h"
#include "base/duration.h"
#include "base/encoding.h"
#include "base/rfc3339.h"

namespace apiclient::api {
namespace {

bool matches_expression(const LabelSelector::Expression& expression, const kube::StringMap& labels) {
  const auto label = labels.find(expression.key);
  const bool present = label != labels.end();
  if (expression.op == "Exists") return present;
  if (expression.op == "DoesNotExist") return !present;
  const bool listed =
      present && std::ranges::find(expression.values, label->second) != expression.values.end();
  return expression.op == "In" ? listed : !listed;
}

LabelSelector read_selector(const json::Reader& reader) {
  LabelSelector selector;
  for (auto& [key, value] : reader.text_map("matchLabels")) selector.match_labels.emplace(key, value);
  reader.each("matchExpressions", [&](const json::Reader& item) {
    selector.match_expressions.push_back(
        {.key = item.text("key"),
         .op = item.text("operator"),
         .values = item.optional_texts("values").value_or(std::vector<std::string>{})});
  });
  return selector;
}

std::chrono::milliseconds read_duration(const json::Reader& reader, std::string_view member,
                                        std::chrono::milliseconds otherwise, json::Problems& problems) {
  const auto text = reader.optional_text(member);
  if (!text) return otherwise;
  const auto duration = parse_duration(*text);
  if (!duration) problems.add(reader.path() + "." + std::string(member), duration.error().message);
  return duration.value_or(otherwise);
}

/// Keycloak has both below one URL.
void read_realm(const json::Reader& keycloak, ClientRegistrySpec& spec) {
  const std::string url = keycloak.optional_text("url").value_or("");
  const std::string realm = keycloak.optional_text("realm").value_or("");
  spec.admin_url = url + "/admin/realms/" + realm;
  spec.issuer = url + "/realms/" + realm;
}

void read_backend(const json::Reader& reader, ClientRegistrySpec& spec) {
  constexpr std::array<std::string_view, 4> kBackends{"embedded", "hydra", "keycloak", "dynamicRegistration"};
  for (const std::string_view backend : kBackends) {
    if (reader.has(backend)) spec.backend = backend;
  }
  if (spec.backend.empty()) return;
  const json::Reader member = reader.object(spec.backend);
  spec.admin_url = member.optional_text("adminUrl").value_or("");
  spec.registration_endpoint = member.optional_text("registrationEndpoint").value_or("");
  spec.issuer = member.optional_text("issuer").value_or("");
  if (spec.backend == "keycloak") read_realm(member, spec);
}

SecretKeyRef read_key_ref(const json::Reader& ref, std::string_view usual_key) {
  return {.name = ref.text("name"), .key = ref.optional_text("key").value_or(std::string(usual_key))};
}

void read_auth(const json::Reader& auth, ClientRegistrySpec& spec) {
  if (auth.has("bearer")) spec.bearer = read_key_ref(auth.object("bearer").object("secretRef"), "token");
  if (auth.has("basic")) {
    const json::Reader ref = auth.object("basic").object("secretRef");
    spec.basic = BasicAuthRef{.name = ref.text("name"),
                              .username_key = ref.optional_text("usernameKey").value_or("username"),
                              .password_key = ref.optional_text("passwordKey").value_or("password")};
  }
  if (auth.has("clientCredentials")) {
    const json::Reader method = auth.object("clientCredentials");
    const json::Reader ref = method.object("secretRef");
    spec.client_credentials = ClientCredentialsRef{
        .name = ref.text("name"),
        .client_id_key = ref.optional_text("clientIdKey").value_or("client-id"),
        .client_secret_key = ref.optional_text("clientSecretKey").value_or("client-secret"),
        .token_url = method.optional_text("tokenUrl").value_or(""),
        .scopes = method.optional_texts("scopes").value_or(std::vector<std::string>{})};
  }
  if (auth.has("initialAccessToken")) {
    spec.initial_access_token = read_key_ref(auth.object("initialAccessToken").object("secretRef"), "token");
  }
}

void read_tls(const json::Reader& tls, ClientRegistrySpec& spec, json::Problems& problems) {
  if (const auto bundle = tls.optional_text("caBundle")) {
    const auto pem = base64_decode(*bundle);
    if (!pem) problems.add(tls.path() + ".caBundle", "is not base64");
    spec.tls.ca_bundle = pem.value_or("");
  }
  if (tls.has("caSecretRef")) spec.tls.ca_secret = read_key_ref(tls.object("caSecretRef"), "ca.crt");
  if (tls.has("clientCertificateSecretRef")) {
    spec.tls.client_certificate_secret = tls.object("clientCertificateSecretRef").text("name");
  }
  spec.tls.server_name = tls.optional_text("serverName").value_or("");
  spec.tls.insecure_skip_verify = tls.optional_boolean("insecureSkipVerify").value_or(false);
}

RegistryRateLimit read_rate_limit(const json::Reader& limit) {
  return {.requests_per_second = limit.optional_integer("requestsPerSecond").value_or(0),
          .burst = limit.optional_integer("burst").value_or(0),
          .max_in_flight = limit.optional_integer("maxInFlight").value_or(0)};
}

void read_permissions(const json::Reader& reader, ClientRegistrySpec& spec) {
  spec.allowed_grant_types = reader.optional_texts("allowedGrantTypes");
  spec.allowed_scopes = reader.optional_texts("allowedScopes");
  spec.allowed_audiences = reader.optional_texts("allowedAudiences");
  reader.each("allowedParameters", [&](const json::Reader& item) {
    spec.allowed_parameters.push_back({.name = item.text("name"), .values = item.optional_texts("values")});
  });
  reader.each("allowAdoption", [&](const json::Reader& item) {
    spec.allow_adoption.push_back(
        {.namespaces = item.optional_texts("namespaces").value_or(std::vector<std::string>{}),
         .client_ids = item.optional_texts("clientIds").value_or(std::vector<std::string>{}),
         .without_secret = item.optional_boolean("withoutSecret").value_or(false)});
  });
  if (reader.has("allowedNamespaces"))
    spec.allowed_namespaces = read_selector(reader.object("allowedNamespaces"));
}

ClientRegistrySpec read_spec(const json::Reader& reader, json::Problems& problems) {
  ClientRegistrySpec spec;
  read_backend(reader, spec);
  if (auto issuer = reader.optional_text("issuer")) spec.issuer = std::move(*issuer);
  spec.token_url = reader.optional_text("tokenUrl").value_or("");
  spec.tenant = reader.optional_text("tenant").value_or("");
  spec.client_id_template = reader.optional_text("clientIdTemplate").value_or("");
  read_auth(reader.object("auth"), spec);
  read_tls(reader.object("tls"), spec, problems);
  read_permissions(reader, spec);
  spec.default_scopes = reader.optional_texts("defaultScopes").value_or(std::vector<std::string>{});
  spec.scope_separator = reader.optional_text("scopeSeparator").value_or(" ");
  spec.verify_credentials = reader.optional_boolean("verifyCredentials").value_or(true);
  spec.allow_in_place_rotation = reader.optional_boolean("allowInPlaceRotation").value_or(false);
  spec.min_rotation_interval =
      read_duration(reader, "minRotationInterval", spec.min_rotation_interval, problems);
  if (reader.has("maxOverlap"))
    spec.max_overlap = read_duration(reader, "maxOverlap", std::chrono::milliseconds(0), problems);
  spec.degraded_after = read_duration(reader, "degradedAfter", spec.degraded_after, problems);
  spec.resync_interval = read_duration(reader, "resyncInterval", spec.resync_interval, problems);
  spec.rate_limit = read_rate_limit(reader.object("rateLimit"));
  spec.orphan_on_delete = reader.optional_boolean("orphanOnDelete").value_or(false);
  return spec;
}

ClientRegistryStatus read_status(const json::Reader& reader) {
  ClientRegistryStatus status;
  const json::Reader endpoints = reader.object("endpoints");
  status.observed_generation = reader.optional_integer("observedGeneration").value_or(-1);
  status.conditions = kube::read_conditions(reader);
  status.backend = reader.optional_text("backend").value_or("");
  status.server_version = reader.optional_text("serverVersion").value_or("");
  status.endpoints = {.token_url = endpoints.optional_text("tokenUrl").value_or(""),
                      .authorization_url = endpoints.optional_text("authorizationUrl").value_or(""),
                      .jwks_url = endpoints.optional_text("jwksUrl").value_or(""),
                      .user_info_url = endpoints.optional_text("userInfoUrl").value_or("")};
  status.capabilities = reader.raw("capabilities");
  status.failure_count = static_cast<int>(reader.object("failure").optional_integer("count").value_or(0));
  status.failure_time = reader.object("failure").optional_time("lastTime");
  status.next_retry_time = reader.optional_time("nextRetryTime");
  const json::Reader accepted = reader.object("acceptedStateLoss");
  status.accepted_state_loss = {.token = accepted.optional_text("token").value_or(""),
                                .time = accepted.optional_time("time"),
                                .restored_time = accepted.optional_time("restoredTime")};
  return status;
}

void put(Json& object, const char* member, const std::string& text) {
  if (!text.empty()) object[member] = text;
}

void put(Json& object, const char* member, const std::optional<WallTime>& time) {
  if (time) object[member] = format_rfc3339(*time);
}

void replace_all(std::string& text, std::string_view placeholder, std::string_view value) {
  for (std::size_t at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at)) {
    text.replace(at, placeholder.size(), value);
    at += value.size();
  }
}

}  // namespace

bool LabelSelector::matches(const kube::StringMap& labels) const {
  const auto has_label = [&](const auto& wanted) {
    const auto label = labels.find(wanted.first);
    return label != labels.end() && label->second == wanted.second;
  };
  return std::ranges::all_of(match_labels, has_label) &&
         std::ranges::all_of(match_expressions, [&](const Expression& expression) {
           return matches_expression(expression, labels);
         });
}

bool ClientRegistry::is_default() const {
  return key.namespace_name.empty() && meta.annotation(kDefaultRegistryAnnotation) == "true";
}

Result<ClientRegistry> read_client_registry(const Json& object) {
  json::Problems problems;
  const json::Reader reader(object, problems);
  ClientRegistry registry{.meta = kube::read_object_meta(reader),
                          .spec = read_spec(reader.object("spec"), problems),
                          .status = read_status(reader.object("status"))};
  registry.key = registry.meta.key;
  registry.resource_version = registry.meta.resource_version;
  if (auto read = problems.result("read " + registry_type(registry.key).kind); !read)
    return failure_of(std::move(read));
  return registry;
}

Json write_status(const ClientRegistryStatus& status) {
  Json object{{"observedGeneration", status.observed_generation},
              {"conditions", kube::write_conditions(status.conditions)}};
  put(object, "backend", status.backend);
  put(object, "serverVersion", status.server_version);
  Json endpoints = Json::object();
  put(endpoints, "tokenUrl", status.endpoints.token_url);
  put(endpoints, "authorizationUrl", status.endpoints.authorization_url);
  put(endpoints, "jwksUrl", status.endpoints.jwks_url);
  put(endpoints, "userInfoUrl", status.endpoints.user_info_url);
  if (!endpoints.empty()) object["endpoints"] = std::move(endpoints);
  if (status.capabilities.is_object() && !status.capabilities.empty())
    object["capabilities"] = status.capabilities;
  if (status.failure_count > 0) {
    object["failure"] = {{"count", status.failure_count}};
    if (status.failure_time) object["failure"]["lastTime"] = format_rfc3339(*status.failure_time);
  }
  put(object, "nextRetryTime", status.next_retry_time);
  if (const AcceptedStateLoss& accepted = status.accepted_state_loss; !accepted.token.empty()) {
    Json& member = object["acceptedStateLoss"] = {{"token", accepted.token}};
    put(member, "time", accepted.time);
    put(member, "restoredTime", accepted.restored_time);
  }
  return object;
}

std::string render_client_id(const ClientRegistrySpec& registry, std::string_view namespace_name,
                             std::string_view client_id) {
  std::string id = registry.client_id_template;
  if (id.empty()) id = registry.tenant.empty() ? "{namespace}_{clientId}" : "{tenant}_{namespace}_{clientId}";
  replace_all(id, "{tenant}", registry.tenant);
  replace_all(id, "{namespace}", namespace_name);
  replace_all(id, "{clientId}", client_id);
  return id;
}

}  // namespace apiclient::api
