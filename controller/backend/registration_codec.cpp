#include "backend/registration_codec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend::registration {
namespace {

using Names = std::vector<std::string>;

/// Different in answers that say the same (RFC 7591 §3.2.1, RFC 7592 §3).
constexpr std::array kVolatile{"client_secret", "registration_access_token", "registration_client_uri",
                               "client_id_issued_at", "client_secret_expires_at"};
constexpr std::int64_t kEndOfTime = 9'000'000'000;  ///< in seconds; the clock ends soon after it
constexpr std::array kSecretMembers{"client_secret", "registration_access_token"};
/// Written from fields of their own, or the server's.
constexpr std::array<std::string_view, 21> kOurMembers{"client_id",
                                                       "client_name",
                                                       "redirect_uris",
                                                       "grant_types",
                                                       "response_types",
                                                       "scope",
                                                       "contacts",
                                                       "client_uri",
                                                       "logo_uri",
                                                       "policy_uri",
                                                       "tos_uri",
                                                       "jwks",
                                                       "jwks_uri",
                                                       "token_endpoint_auth_method",
                                                       "post_logout_redirect_uris",
                                                       "application_type",
                                                       "client_secret",
                                                       "client_secret_expires_at",
                                                       "client_id_issued_at",
                                                       "registration_access_token",
                                                       "registration_client_uri"};

bool lists(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Error unplaceable(std::string_view field) {
  return {
      .kind = ErrorKind::invalid,
      .message =
          std::string(field) +
          ": client metadata (RFC 7591) has no member for it; remove it, or use what the server has for it "
          "by spec.registryParameters",
      .code = "not_supported"};
}

/// A promise that nobody keeps is not made.
Result<void> check_placeable(const ClientSettings& settings) {
  if (!settings.audiences.empty()) return fail(unplaceable("spec.audiences"));
  if (!settings.allowed_cors_origins.empty()) return fail(unplaceable("spec.allowedCorsOrigins"));
  const bool lifetimes =
      settings.access_token_lifetime || settings.refresh_token_lifetime || settings.id_token_lifetime;
  if (lifetimes) return fail(unplaceable("spec.tokenLifetimes"));
  return {};
}

/// RFC 7591 §2.1.
Names response_types_of(const ClientSettings& settings) {
  Names types;
  if (lists(settings.grant_types, "authorization_code")) types.emplace_back("code");
  if (lists(settings.grant_types, "implicit")) types.emplace_back("token");
  return types;
}

/// RFC 8252 §7: a private-use scheme, or http on the device itself.
bool is_native(const std::string& redirect_uri) { return !redirect_uri.starts_with("https://"); }

void write_text(Json& target, const char* member, const std::string& text) {
  if (!text.empty()) target[member] = text;
}

void write_list(Json& target, const char* member, const Names& texts) {
  if (!texts.empty()) target[member] = texts;
}

Json write_members(const ClientSettings& settings) {
  Json target{{"client_name", settings.client_name},
              {"redirect_uris", settings.redirect_uris},
              {"grant_types", settings.grant_types},
              {"response_types", response_types_of(settings)},
              {"token_endpoint_auth_method", settings.token_endpoint_auth_method}};
  write_text(target, "scope", join_scopes(settings.scopes));
  write_list(target, "contacts", settings.contacts);
  write_list(target, "post_logout_redirect_uris", settings.post_logout_redirect_uris);
  write_text(target, "client_uri", settings.client_uri);
  write_text(target, "logo_uri", settings.logo_uri);
  write_text(target, "policy_uri", settings.policy_uri);
  write_text(target, "tos_uri", settings.tos_uri);
  write_text(target, "jwks_uri", settings.jwks_uri);
  const bool native =
      settings.type == ClientType::public_client && std::ranges::any_of(settings.redirect_uris, is_native);
  if (native) target["application_type"] = "native";
  return target;
}

Result<void> write_parameters(Json& target, const ClientSettings& settings) {
  for (const auto& [name, value] : settings.parameters) {
    if (std::ranges::find(kOurMembers, name) != kOurMembers.end()) {
      return fail(ErrorKind::invalid, "spec.registryParameters: " + name +
                                          " has a field of its own, or is the server's; remove it");
    }
    target[name] = value;
  }
  return {};
}

Secret take_secret(Json& document, const char* member) {
  const auto found = document.find(member);
  if (found == document.end() || !found->is_string()) return {};
  auto& text = found->get_ref<std::string&>();
  Secret secret(text);
  wipe(text);
  return secret;
}

/// In whatever order a server keeps its sets.
std::string digest_of(const Json& document) {
  Json canonical = document;
  for (Json& member : canonical) {
    const bool texts =
        member.is_array() && std::ranges::all_of(member, [](const Json& one) { return one.is_string(); });
    if (texts) std::sort(member.begin(), member.end());
  }
  return sha256_hex(json::dump(canonical));
}

void read_members(const json::Reader& reader, ClientSettings& settings) {
  const auto text = [&reader](std::string_view member) { return reader.optional_text(member).value_or(""); };
  const auto texts = [&reader](std::string_view member, const Names& otherwise = {}) {
    return reader.optional_texts(member).value_or(otherwise);
  };
  settings.client_name = text("client_name");
  settings.redirect_uris = texts("redirect_uris");
  settings.grant_types = texts("grant_types", {"authorization_code"});
  settings.scopes = split_scopes(text("scope"));
  settings.contacts = texts("contacts");
  settings.post_logout_redirect_uris = texts("post_logout_redirect_uris");
  settings.client_uri = text("client_uri");
  settings.logo_uri = text("logo_uri");
  settings.policy_uri = text("policy_uri");
  settings.tos_uri = text("tos_uri");
  settings.jwks_uri = text("jwks_uri");
  settings.jwks = reader.has("jwks") ? json::dump(reader.raw("jwks")) : "";
  settings.token_endpoint_auth_method =
      reader.optional_text("token_endpoint_auth_method").value_or("client_secret_basic");
}

/// Of those that were asked for; others are the server's.
void read_parameters(const json::Reader& reader, ClientSettings& settings) {
  std::map<std::string, std::string> present;
  for (const auto& [name, asked] : settings.parameters) {
    if (!reader.has(name)) continue;
    const Json& value = reader.raw(name);
    present[name] = value.is_string() ? value.get_ref<const std::string&>() : json::dump(value);
  }
  settings.parameters = std::move(present);
}

}  // namespace

Result<std::string> write_metadata(const ClientSettings& settings, const std::string& client_id) {
  const ClientSettings wish = normalised(settings);
  RETURN_IF_ERROR(check_placeable(wish));
  Json target = write_members(wish);
  if (!client_id.empty()) target["client_id"] = client_id;
  if (!wish.jwks.empty()) {
    auto jwks = json::parse(wish.jwks);
    if (!jwks) return fail(ErrorKind::invalid, "jwks is not JSON");
    target["jwks"] = std::move(*jwks);
  }
  RETURN_IF_ERROR(write_parameters(target, wish));
  return json::dump(target);
}

Result<Answer> read_answer(std::string_view body, const ClientSettings& requested) {
  ASSIGN_OR_RETURN(Json document, json::parse(body));
  if (!document.is_object()) return fail(ErrorKind::protocol, "the answer is not a client");
  Answer answer{.settings = requested,
                .client_secret = take_secret(document, kSecretMembers[0]),
                .access_token = take_secret(document, kSecretMembers[1])};
  json::Problems ignored;  // a member of another type is one that the server does not have
  const json::Reader reader(document, ignored);
  answer.settings.client_id = reader.optional_text("client_id").value_or("");
  if (answer.settings.client_id.empty()) return fail(ErrorKind::protocol, "the answer names no client_id");
  answer.management_uri = reader.optional_text("registration_client_uri").value_or("");
  const auto issued = reader.optional_integer("client_id_issued_at").value_or(0);
  if (issued > 0 && issued < kEndOfTime) answer.issued_at = WallTime(std::chrono::seconds(issued));
  answer.secret_expires = reader.optional_integer("client_secret_expires_at").value_or(0) > 0;
  read_members(reader, answer.settings);
  read_parameters(reader, answer.settings);
  answer.settings = normalised(std::move(answer.settings));
  for (const char* member : kVolatile) document.erase(member);
  answer.digest = digest_of(document);
  return answer;
}

}  // namespace apiclient::backend::registration
