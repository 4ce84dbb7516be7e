#include "registry/client_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "http/uri.h"

namespace apiclient::registry {
namespace {

using Texts = std::vector<std::string>;

constexpr std::string_view kRedirect =
    "an absolute URI with https, http on loopback or a private-use scheme, without fragment or *";
constexpr std::size_t kMaxItems = 100;
constexpr std::size_t kMaxTextBytes = 2048;
constexpr std::chrono::seconds kMaxLifetime{std::chrono::hours{24 * 366 * 10}};
constexpr std::array<std::string_view, 7> kGrantTypes{
    "client_credentials",
    "authorization_code",
    "refresh_token",
    "implicit",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
};

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool all_of(std::string_view text, std::string_view extra) {
  return std::ranges::all_of(text,
                             [&](char c) { return is_alnum(c) || extra.find(c) != std::string_view::npos; });
}

/// ASCII without space and control characters.
bool is_printable(char c) { return c > ' ' && c < '\x7f'; }

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool contains(const Texts& texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

/// A scheme with a dot, as RFC 8252 §7.1 wants it: "com.example.app:/callback".
bool is_private_use_uri(std::string_view uri) {
  const auto colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0 || uri.substr(colon + 1, 1) != "/") return false;
  const auto scheme = uri.substr(0, colon);
  return std::isalpha(static_cast<unsigned char>(scheme.front())) != 0 &&
         scheme.find('.') != std::string_view::npos && scheme.back() != '.' && all_of(scheme, "+-.");
}

bool is_web_uri(std::string_view uri) {
  const auto parts = http::split_uri(uri);
  return parts && !parts->host.empty() && (parts->scheme == "https" || is_loopback(parts->host));
}

bool is_redirect_uri(std::string_view uri) {
  if (!std::ranges::all_of(uri, is_printable) || uri.find_first_of("#*") != std::string_view::npos)
    return false;
  return uri.starts_with("http:") || uri.starts_with("https:") ? is_web_uri(uri) : is_private_use_uri(uri);
}

bool is_origin(std::string_view text) {
  const auto parts = http::split_uri(text);
  return parts && parts->path.empty() && !parts->host.empty() && text.find('*') == std::string_view::npos;
}

bool is_plain_text(std::string_view text) { return !text.empty() && !has_control(text); }

struct ListRule {
  std::string_view member;
  const Texts& texts;
  bool (*accepts)(std::string_view);
  std::string_view expected;
};

void check_list(const ListRule& rule, json::Problems& problems) {
  const std::string member(rule.member);
  if (rule.texts.size() > kMaxItems) problems.add(member, "has more than 100 items");
  for (std::size_t i = 0; i < rule.texts.size(); ++i) {
    const std::string& text = rule.texts[i];
    const std::string path = member + "[" + std::to_string(i) + "]";
    if (text.size() > kMaxTextBytes) problems.add(path, "is longer than 2048 characters");
    if (!rule.accepts(text)) problems.add(path, std::string("must be ") + std::string(rule.expected));
    if (std::find(rule.texts.begin(), rule.texts.begin() + static_cast<std::ptrdiff_t>(i), text) !=
        rule.texts.begin() + static_cast<std::ptrdiff_t>(i))
      problems.add(path, "is there twice");
  }
}

void check_lists(const ClientMetadata& metadata, json::Problems& problems) {
  const auto is_grant = [](std::string_view text) {
    return std::ranges::find(kGrantTypes, text) != kGrantTypes.end();
  };
  check_list({"grant_types", metadata.grant_types, is_grant, "a grant type that the registry knows"},
             problems);
  check_list({"redirect_uris", metadata.redirect_uris, is_redirect_uri, kRedirect}, problems);
  check_list({"post_logout_redirect_uris", metadata.post_logout_redirect_uris, is_redirect_uri, kRedirect},
             problems);
  check_list({"allowed_cors_origins", metadata.allowed_cors_origins, is_origin,
              "scheme, host and port without a path"},
             problems);
  check_list({"scope", metadata.scopes, is_scope_token, "a scope of RFC 6749 §3.3"}, problems);
  check_list({"audience", metadata.audience, is_plain_text, "a text without control characters"}, problems);
  check_list({"contacts", metadata.contacts, is_plain_text, "a text without control characters"}, problems);
}

void check_uris(const ClientMetadata& metadata, json::Problems& problems) {
  const std::array<std::pair<std::string_view, const std::string*>, 4> members{{
      {"client_uri", &metadata.client_uri},
      {"logo_uri", &metadata.logo_uri},
      {"policy_uri", &metadata.policy_uri},
      {"tos_uri", &metadata.tos_uri},
  }};
  for (const auto& [member, uri] : members)
    if (!uri->empty() && (uri->size() > kMaxTextBytes || !http::split_uri(*uri)))
      problems.add(member, "must be an http or https URI");
  if (!metadata.jwks_uri.empty() && !is_key_set_uri(metadata.jwks_uri))
    problems.add("jwks_uri", "must be an https URI, or http on loopback, without a fragment");
}

void check_lifetime(std::string_view member, const std::optional<std::chrono::seconds>& lifetime,
                    json::Problems& problems) {
  if (lifetime && (*lifetime < std::chrono::seconds{1} || *lifetime > kMaxLifetime))
    problems.add(member, "must be between 1 second and ten years");
}

void check_authentication(const ClientMetadata& metadata, json::Problems& problems) {
  const bool is_public = metadata.type == ClientType::public_client;
  if (is_public != (metadata.token_endpoint_auth_method == AuthMethod::none))
    problems.add("token_endpoint_auth_method", "is none for public clients, and only for them");
  const bool needs_keys = metadata.token_endpoint_auth_method == AuthMethod::private_key_jwt;
  if (needs_keys && metadata.jwks.empty() == metadata.jwks_uri.empty())
    problems.add("jwks", "private_key_jwt needs either jwks or jwks_uri");
  if (!metadata.jwks.empty() && !metadata.jwks_uri.empty() && !needs_keys)
    problems.add("jwks", "and jwks_uri exclude each other");
}

void check_grants(const ClientMetadata& metadata, json::Problems& problems) {
  if (metadata.grant_types.empty()) problems.add("grant_types", "needs at least one");
  if (metadata.type == ClientType::public_client && contains(metadata.grant_types, "client_credentials"))
    problems.add("grant_types", "a public client cannot use client_credentials (RFC 6749 §4.4)");
  const bool redirects =
      contains(metadata.grant_types, "authorization_code") || contains(metadata.grant_types, "implicit");
  if (redirects && metadata.redirect_uris.empty())
    problems.add("redirect_uris", "authorization_code and implicit need at least one");
}

}  // namespace

bool is_client_id(std::string_view text) {
  return !text.empty() && text.size() <= 200 && is_alnum(text.front()) && all_of(text, "._~:-");
}

bool is_operation_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && all_of(text, "._:-");
}

bool is_secret_value(std::string_view text) {
  return text.size() >= 43 && text.size() <= 256 && all_of(text, "_-");
}

bool is_scope_token(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_printable(c) && c != '"' && c != '\\'; });
}

bool is_key_set_uri(std::string_view text) { return text.size() <= kMaxTextBytes && is_web_uri(text); }

void check_client(const ClientMetadata& metadata, json::Problems& problems) {
  if (!is_client_id(metadata.client_id))
    problems.add("client_id",
                 "must be 1 to 200 characters of A-Z a-z 0-9 . _ ~ : -, beginning with one of A-Z a-z 0-9");
  if (metadata.client_name.empty() || metadata.client_name.size() > 512 || has_control(metadata.client_name))
    problems.add("client_name", "must be 1 to 512 bytes without control characters");
  check_lists(metadata, problems);
  check_uris(metadata, problems);
  check_authentication(metadata, problems);
  check_grants(metadata, problems);
  check_lifetime("access_token_lifetime_seconds", metadata.access_token_lifetime, problems);
  check_lifetime("refresh_token_lifetime_seconds", metadata.refresh_token_lifetime, problems);
  check_lifetime("id_token_lifetime_seconds", metadata.id_token_lifetime, problems);
}

}  // namespace apiclient::registry
