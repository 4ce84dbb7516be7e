#include "backend/settings_codec.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace apiclient::backend {
namespace {

using Lifetime = std::optional<std::chrono::seconds>;

ClientType read_type(const json::Reader& reader, json::Problems& problems) {
  const auto type = read_client_type(reader.text("type"));
  if (!type) problems.add("type", "is none that we know");
  return type.value_or(ClientType::machine);
}

void write_text(Json& target, const char* member, const std::string& text) {
  if (!text.empty()) target[member] = text;
}

void write_lifetime(Json& target, const char* member, Lifetime lifetime) {
  if (lifetime) target[member] = lifetime->count();
}

Lifetime read_lifetime(const json::Reader& reader, std::string_view member) {
  const auto count = reader.optional_integer(member);
  return count ? Lifetime(*count) : std::nullopt;
}

/// Everything but `jwks`, which may fail.
Json write_plain(const ClientSettings& settings) {
  Json target{{"client_id", settings.client_id},
              {"client_name", settings.client_name},
              {"type", to_string(settings.type)},
              {"grant_types", settings.grant_types},
              {"redirect_uris", settings.redirect_uris},
              {"post_logout_redirect_uris", settings.post_logout_redirect_uris},
              {"allowed_cors_origins", settings.allowed_cors_origins},
              {"scope", join_scopes(settings.scopes)},
              {"audience", settings.audiences},
              {"token_endpoint_auth_method", settings.token_endpoint_auth_method},
              {"require_consent", settings.require_consent},
              {"contacts", settings.contacts},
              {"parameters", settings.parameters}};
  write_lifetime(target, "access_token_lifetime_seconds", settings.access_token_lifetime);
  write_lifetime(target, "refresh_token_lifetime_seconds", settings.refresh_token_lifetime);
  write_lifetime(target, "id_token_lifetime_seconds", settings.id_token_lifetime);
  write_text(target, "client_uri", settings.client_uri);
  write_text(target, "logo_uri", settings.logo_uri);
  write_text(target, "policy_uri", settings.policy_uri);
  write_text(target, "tos_uri", settings.tos_uri);
  write_text(target, "jwks_uri", settings.jwks_uri);
  return target;
}

void read_lists(const json::Reader& reader, ClientSettings& settings) {
  const auto texts = [&reader](std::string_view member) {
    return reader.optional_texts(member).value_or(std::vector<std::string>());
  };
  settings.grant_types = texts("grant_types");
  settings.redirect_uris = texts("redirect_uris");
  settings.post_logout_redirect_uris = texts("post_logout_redirect_uris");
  settings.allowed_cors_origins = texts("allowed_cors_origins");
  settings.scopes = split_scopes(reader.optional_text("scope").value_or(""));
  settings.audiences = texts("audience");
  settings.contacts = texts("contacts");
}

void read_descriptions(const json::Reader& reader, ClientSettings& settings) {
  const auto text = [&reader](std::string_view member) { return reader.optional_text(member).value_or(""); };
  settings.client_uri = text("client_uri");
  settings.logo_uri = text("logo_uri");
  settings.policy_uri = text("policy_uri");
  settings.tos_uri = text("tos_uri");
  settings.jwks_uri = text("jwks_uri");
  if (reader.has("jwks")) settings.jwks = json::dump(reader.raw("jwks"));
}

}  // namespace

Result<Json> write_settings(const ClientSettings& settings) {
  const ClientSettings wish = normalised(settings);
  Json target = write_plain(wish);
  if (!wish.jwks.empty()) {
    auto jwks = json::parse(wish.jwks);
    if (!jwks) return fail(ErrorKind::invalid, "jwks is not JSON");
    target["jwks"] = std::move(*jwks);
  }
  return target;
}

ClientSettings read_settings(const json::Reader& reader, json::Problems& problems) {
  ClientSettings settings{.client_id = reader.text("client_id"),
                          .client_name = reader.text("client_name"),
                          .type = read_type(reader, problems)};
  read_lists(reader, settings);
  read_descriptions(reader, settings);
  settings.token_endpoint_auth_method = reader.text("token_endpoint_auth_method");
  settings.require_consent = reader.boolean("require_consent");
  settings.access_token_lifetime = read_lifetime(reader, "access_token_lifetime_seconds");
  settings.refresh_token_lifetime = read_lifetime(reader, "refresh_token_lifetime_seconds");
  settings.id_token_lifetime = read_lifetime(reader, "id_token_lifetime_seconds");
  for (auto& [name, value] : reader.text_map("parameters")) settings.parameters.emplace(name, value);
  return normalised(std::move(settings));
}

}  // namespace apiclient::backend
