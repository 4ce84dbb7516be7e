#include "registry/client_codec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "base/rfc3339.h"
#include "json/reader.h"
#include "registry/client_rules.h"

namespace apiclient::registry {
namespace {

using Names = std::span<const std::string_view>;
using Lifetime = std::optional<std::chrono::seconds>;

constexpr std::array<std::string_view, 24> kClientMembers{"client_id",
                                                          "client_name",
                                                          "type",
                                                          "grant_types",
                                                          "redirect_uris",
                                                          "post_logout_redirect_uris",
                                                          "allowed_cors_origins",
                                                          "scope",
                                                          "audience",
                                                          "token_endpoint_auth_method",
                                                          "require_consent",
                                                          "access_token_lifetime_seconds",
                                                          "refresh_token_lifetime_seconds",
                                                          "id_token_lifetime_seconds",
                                                          "contacts",
                                                          "client_uri",
                                                          "logo_uri",
                                                          "policy_uri",
                                                          "tos_uri",
                                                          "jwks_uri",
                                                          "jwks",
                                                          "parameters",
                                                          "mark",
                                                          "secret"};
constexpr std::array<std::string_view, 5> kMarkMembers{"installation_id", "namespace", "name", "uid",
                                                       "revision"};
constexpr std::array<std::string_view, 3> kSecretMembers{"operation_id", "revision", "value"};

std::string joined_path(const json::Reader& reader, std::string_view member) {
  return reader.path().empty() ? std::string(member) : reader.path() + "." + std::string(member);
}

bool refuse_unknown(const json::Reader& reader, Names known, json::Problems& problems) {
  if (!reader.value().is_object()) {
    problems.add(reader.path().empty() ? "body" : reader.path(), "must be an object");
    return false;
  }
  for (const auto& [member, value] : reader.value().items())
    if (std::ranges::find(known, member) == known.end())
      problems.add(joined_path(reader, member), "is unknown");
  return true;
}

std::vector<std::string> texts(const json::Reader& reader, std::string_view member) {
  return reader.optional_texts(member).value_or(std::vector<std::string>{});
}

std::string text(const json::Reader& reader, std::string_view member) {
  return reader.optional_text(member).value_or("");
}

Lifetime lifetime(const json::Reader& reader, std::string_view member) {
  const auto seconds = reader.optional_integer(member);
  return seconds ? Lifetime{std::chrono::seconds{*seconds}} : std::nullopt;
}

void read_kind(const json::Reader& reader, ClientMetadata& metadata, json::Problems& problems) {
  const auto type = reader.text("type");
  if (const auto known = parse_client_type(type))
    metadata.type = *known;
  else if (!type.empty())
    problems.add("type", "must be machine, web or public");

  const bool is_public = metadata.type == ClientType::public_client;
  metadata.token_endpoint_auth_method = is_public ? AuthMethod::none : AuthMethod::client_secret_basic;
  const auto method = reader.optional_text("token_endpoint_auth_method");
  if (!method) return;
  if (const auto known = parse_auth_method(*method))
    metadata.token_endpoint_auth_method = *known;
  else
    problems.add("token_endpoint_auth_method",
                 "must be client_secret_basic, client_secret_post, private_key_jwt or none");
}

std::vector<std::string> default_grant_types(ClientType type) {
  switch (type) {
    case ClientType::machine: return {"client_credentials"};
    case ClientType::web: return {"authorization_code", "refresh_token"};
    case ClientType::public_client: return {"authorization_code"};
  }
  return {};
}

void read_lists(const json::Reader& reader, ClientMetadata& metadata) {
  metadata.grant_types = reader.optional_texts("grant_types").value_or(default_grant_types(metadata.type));
  metadata.redirect_uris = texts(reader, "redirect_uris");
  metadata.post_logout_redirect_uris = texts(reader, "post_logout_redirect_uris");
  metadata.allowed_cors_origins = texts(reader, "allowed_cors_origins");
  metadata.scopes = split_scopes(text(reader, "scope"));
  metadata.audience = texts(reader, "audience");
  metadata.contacts = texts(reader, "contacts");
}

/// RFC 7518 §6: "d" is the private part of EC and RSA keys, "k" a symmetric key.
bool is_secret_key(const Json& key) { return key.contains("d") || key.contains("k"); }

void read_texts(const json::Reader& reader, ClientMetadata& metadata, json::Problems& problems) {
  metadata.client_uri = text(reader, "client_uri");
  metadata.logo_uri = text(reader, "logo_uri");
  metadata.policy_uri = text(reader, "policy_uri");
  metadata.tos_uri = text(reader, "tos_uri");
  metadata.jwks_uri = text(reader, "jwks_uri");
  const Json& jwks = reader.raw("jwks");
  if (jwks.is_null()) return;
  if (!jwks.is_object() || !jwks.contains("keys") || !jwks["keys"].is_array()) {
    problems.add("jwks", "must be a JWK Set (RFC 7517 §5)");
    return;
  }
  if (std::ranges::any_of(jwks["keys"], is_secret_key)) problems.add("jwks", "must hold public keys only");
  metadata.jwks = json::dump(jwks);
}

ClientMetadata read_metadata(const json::Reader& reader, json::Problems& problems) {
  ClientMetadata metadata;
  metadata.client_id = reader.text("client_id");
  metadata.client_name = reader.text("client_name");
  read_kind(reader, metadata, problems);
  read_lists(reader, metadata);
  read_texts(reader, metadata, problems);
  const bool for_users = metadata.type != ClientType::machine;
  metadata.require_consent = reader.optional_boolean("require_consent").value_or(for_users);
  metadata.access_token_lifetime = lifetime(reader, "access_token_lifetime_seconds");
  metadata.refresh_token_lifetime = lifetime(reader, "refresh_token_lifetime_seconds");
  metadata.id_token_lifetime = lifetime(reader, "id_token_lifetime_seconds");
  for (auto& [name, value] : reader.text_map("parameters")) metadata.parameters.emplace(name, value);
  return metadata;
}

OwnershipMark read_mark(const json::Reader& reader, json::Problems& problems) {
  if (!refuse_unknown(reader, kMarkMembers, problems)) return {};
  OwnershipMark mark{.installation_id = reader.text("installation_id"),
                     .object_namespace = reader.text("namespace"),
                     .object_name = reader.text("name"),
                     .uid = reader.text("uid"),
                     .revision = reader.optional_integer("revision").value_or(0)};
  if (mark.revision < 0) problems.add("mark.revision", "must not be negative");
  return mark;
}

SecretRequest read_secret(const json::Reader& reader, json::Problems& problems) {
  SecretRequest request;
  if (!refuse_unknown(reader, kSecretMembers, problems)) return request;
  request.operation_id = text(reader, "operation_id");
  if (!request.operation_id.empty() && !is_operation_id(request.operation_id))
    problems.add(joined_path(reader, "operation_id"), "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -");
  request.revision = reader.integer("revision");
  if (request.revision < 1) problems.add(joined_path(reader, "revision"), "must be at least 1");
  if (auto value = reader.optional_text("value")) {
    if (!is_secret_value(*value))
      problems.add(joined_path(reader, "value"), "must be 43 to 256 characters of A-Z a-z 0-9 _ -");
    request.value.emplace(*value);
    wipe(*value);
  }
  return request;
}

void write_lifetime(Json& target, const char* member, const Lifetime& value) {
  if (value) target[member] = value->count();
}

void write_text(Json& target, const char* member, const std::string& value) {
  if (!value.empty()) target[member] = value;
}

Json write_metadata(const ClientMetadata& metadata) {
  Json target{{"client_id", metadata.client_id},
              {"client_name", metadata.client_name},
              {"type", to_string(metadata.type)},
              {"grant_types", metadata.grant_types},
              {"redirect_uris", metadata.redirect_uris},
              {"post_logout_redirect_uris", metadata.post_logout_redirect_uris},
              {"allowed_cors_origins", metadata.allowed_cors_origins},
              {"scope", join_scopes(metadata.scopes)},
              {"audience", metadata.audience},
              {"token_endpoint_auth_method", to_string(metadata.token_endpoint_auth_method)},
              {"require_consent", metadata.require_consent},
              {"contacts", metadata.contacts},
              {"parameters", metadata.parameters}};
  write_lifetime(target, "access_token_lifetime_seconds", metadata.access_token_lifetime);
  write_lifetime(target, "refresh_token_lifetime_seconds", metadata.refresh_token_lifetime);
  write_lifetime(target, "id_token_lifetime_seconds", metadata.id_token_lifetime);
  write_text(target, "client_uri", metadata.client_uri);
  write_text(target, "logo_uri", metadata.logo_uri);
  write_text(target, "policy_uri", metadata.policy_uri);
  write_text(target, "tos_uri", metadata.tos_uri);
  write_text(target, "jwks_uri", metadata.jwks_uri);
  if (!metadata.jwks.empty())
    if (auto jwks = json::parse(metadata.jwks)) target["jwks"] = *std::move(jwks);
  return target;
}

}  // namespace

Result<ClientRequest> read_client_request(const Json& body) {
  json::Problems problems;
  const json::Reader reader(body, problems);
  ClientRequest request;
  if (refuse_unknown(reader, kClientMembers, problems)) {
    request.metadata = read_metadata(reader, problems);
    check_client(request.metadata, problems);
    if (reader.has("mark")) request.mark = read_mark(reader.object("mark"), problems);
    if (reader.has("secret")) request.secret = read_secret(reader.object("secret"), problems);
  }
  RETURN_IF_ERROR(problems.result("read client"));
  return request;
}

Result<SecretRequest> read_secret_request(const Json& body) {
  json::Problems problems;
  SecretRequest request = read_secret(json::Reader(body, problems), problems);
  RETURN_IF_ERROR(problems.result("read secret"));
  return request;
}

Json write_secret(const SecretRecord& secret) {
  Json target{{"id", secret.id},
              {"hint", secret.hint},
              {"revision", secret.revision},
              {"operation_id", secret.operation_id},
              {"created_at", format_rfc3339(secret.created_at)}};
  if (secret.last_used_at) target["last_used_at"] = format_rfc3339(*secret.last_used_at);
  return target;
}

Json write_client(const ClientRecord& client) {
  Json target = write_metadata(client.metadata);
  if (client.mark)
    target["mark"] = {{"installation_id", client.mark->installation_id},
                      {"namespace", client.mark->object_namespace},
                      {"name", client.mark->object_name},
                      {"uid", client.mark->uid},
                      {"revision", client.mark->revision}};
  target["disabled"] = client.disabled;
  target["etag"] = std::to_string(client.version);
  target["created_at"] = format_rfc3339(client.created_at);
  target["updated_at"] = format_rfc3339(client.updated_at);
  target["secrets"] = Json::array();
  for (const auto& secret : client.secrets) target["secrets"].push_back(write_secret(secret));
  return target;
}

std::string encode_metadata(const ClientMetadata& metadata) { return json::dump(write_metadata(metadata)); }

Result<ClientMetadata> decode_metadata(std::string_view text) {
  ASSIGN_OR_RETURN(const Json value, json::parse(text));
  json::Problems problems;
  ClientMetadata metadata = read_metadata(json::Reader(value, problems), problems);
  RETURN_IF_ERROR(problems.result("read stored client"));
  return metadata;
}

}  // namespace apiclient::registry
