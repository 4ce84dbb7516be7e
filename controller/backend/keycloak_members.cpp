#include "backend/keycloak_members.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "backend/keycloak_parameters.h"
#include "json/reader.h"

namespace apiclient::backend::keycloak {
namespace {

using Texts = std::vector<std::string>;
using Lifetime = std::optional<std::chrono::seconds>;

struct Grant {
  const char* grant_type;
  const char* name;  ///< of the member or attribute that allows it
};
constexpr std::array kGrantMembers{Grant{"authorization_code", "standardFlowEnabled"},
                                   Grant{"client_credentials", "serviceAccountsEnabled"},
                                   Grant{"implicit", "implicitFlowEnabled"}};
constexpr std::array kGrantAttributes{
    Grant{"urn:ietf:params:oauth:grant-type:device_code", "oauth2.device.authorization.grant.enabled"},
    Grant{"urn:ietf:params:oauth:grant-type:jwt-bearer", "oauth2.jwt.authorization.grant.enabled"},
    Grant{"urn:ietf:params:oauth:grant-type:token-exchange", "standard.token.exchange.enabled"}};
constexpr const char* kRefreshGrant = "refresh_token";
constexpr const char* kRefreshAttribute = "use.refresh.tokens";  // true unless it says otherwise

constexpr const char* kMethod = "client.secret.authentication.allowed.method";
constexpr const char* kAccessLifespan = "access.token.lifespan";
/// A refresh token lives as long as its session.
constexpr const char* kSessionLifespan = "client.session.max.lifespan";
constexpr const char* kSessionIdle = "client.session.idle.timeout";
constexpr const char* kPostLogout = "post.logout.redirect.uris";
constexpr const char* kNoPostLogout = "-";  // nothing would stand for the redirect URIs
constexpr const char* kContacts = "apiclient.dev/contacts";
constexpr const char* kListSeparator = "##";

constexpr std::string_view kMapperPrefix = "apiclient audience ";
constexpr const char* kAudienceMapper = "oidc-audience-mapper";
constexpr const char* kAudience = "included.custom.audience";

bool lists(const Texts& texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}

std::string join(const Texts& texts) {
  std::string joined;
  for (const std::string& text : texts) joined.append(joined.empty() ? "" : kListSeparator).append(text);
  return joined;
}

Texts split(std::string_view text) {
  constexpr std::string_view kSeparator = kListSeparator;
  Texts parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(kSeparator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + kSeparator.size(), text.size()));
  }
  return parts;
}

std::string write_lifetime(const Lifetime& lifetime) {
  return lifetime ? std::to_string(lifetime->count()) : std::string();
}

Lifetime read_lifetime(const std::string& text) {
  std::int64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = problem == std::errc() && end == text.data() + text.size() && count > 0;
  return whole ? Lifetime(count) : std::nullopt;
}

bool has_keys(const ClientSettings& settings) {
  return settings.token_endpoint_auth_method == "private_key_jwt";
}

void write_grants(Json& body, Json& attributes, const Texts& grants) {
  for (const Grant& grant : kGrantMembers) body[grant.name] = lists(grants, grant.grant_type);
  for (const Grant& grant : kGrantAttributes) {
    attributes[grant.name] = lists(grants, grant.grant_type) ? "true" : "";
  }
  attributes[kRefreshAttribute] = lists(grants, kRefreshGrant) ? "true" : "false";
}

void write_authentication(Json& body, Json& attributes, const ClientSettings& settings) {
  const bool is_public = settings.token_endpoint_auth_method == "none";
  body["publicClient"] = is_public;
  body["clientAuthenticatorType"] = has_keys(settings) ? "client-jwt" : "client-secret";
  attributes[kMethod] = settings.has_secret() ? settings.token_endpoint_auth_method : std::string();
  attributes["use.jwks.url"] = settings.jwks_uri.empty() ? "" : "true";
  attributes["jwks.url"] = settings.jwks_uri;
  attributes["use.jwks.string"] = settings.jwks.empty() ? "" : "true";
  attributes["jwks.string"] = settings.jwks;
  if (settings.type == ClientType::public_client) attributes["pkce.code.challenge.method"] = "S256";
}

void write_descriptions(Json& body, Json& attributes, const ClientSettings& settings) {
  body["baseUrl"] = settings.client_uri;
  attributes["logoUri"] = settings.logo_uri;
  attributes["policyUri"] = settings.policy_uri;
  attributes["tosUri"] = settings.tos_uri;
  attributes[kContacts] = join(settings.contacts);
}

/// "" for what is not there or not text.
std::string text_of(const Json& holder, const char* name) {
  if (!holder.is_object()) return {};
  const auto value = holder.find(name);
  return value != holder.end() && value->is_string() ? value->get<std::string>() : std::string();
}

bool flag_of(const Json& holder, const char* name) {
  const auto value = holder.find(name);
  return value != holder.end() && value->is_boolean() && value->get<bool>();
}

Texts texts_of(const Json& holder, const char* name) {
  json::Problems ignored;
  return json::Reader(holder, ignored).optional_texts(name).value_or(Texts());
}

Texts read_grants(const Json& client, const Json& attributes) {
  Texts grants;
  for (const Grant& grant : kGrantMembers) {
    if (flag_of(client, grant.name)) grants.emplace_back(grant.grant_type);
  }
  for (const Grant& grant : kGrantAttributes) {
    if (text_of(attributes, grant.name) == "true") grants.emplace_back(grant.grant_type);
  }
  if (text_of(attributes, kRefreshAttribute) != "false") grants.emplace_back(kRefreshGrant);
  return grants;
}

std::string read_method(const Json& client, const Json& attributes) {
  if (flag_of(client, "publicClient")) return "none";
  if (text_of(client, "clientAuthenticatorType") == "client-jwt") return "private_key_jwt";
  const std::string method = text_of(attributes, kMethod);
  return method.empty() ? "client_secret_basic" : method;
}

ClientType guess_type(const ClientSettings& settings) {
  if (settings.token_endpoint_auth_method == "none") return ClientType::public_client;
  return lists(settings.grant_types, "authorization_code") ? ClientType::web : ClientType::machine;
}

Json mapper_of(const std::string& name, const std::string& audience) {
  return {{"name", name},
          {"protocol", "openid-connect"},
          {"protocolMapper", kAudienceMapper},
          {"config",
           {{kAudience, audience},
            {"access.token.claim", "true"},
            {"id.token.claim", "false"},
            {"introspection.token.claim", "true"}}}};
}

bool is_ours(const Json& mapper) { return text_of(mapper, "name").starts_with(kMapperPrefix); }

/// Everything that `wanted` has; Keycloak adds members to what it was given.
bool holds(const Json& stored, const Json& wanted) {
  if (!wanted.is_object()) return stored == wanted;
  if (!stored.is_object()) return false;
  for (const auto& [name, value] : wanted.items()) {
    const auto found = stored.find(name);
    if (found == stored.end() || !holds(*found, value)) return false;
  }
  return true;
}

/// A mapper of ours that somebody has changed adds no audience that we know.
Texts read_audiences(const Json& client) {
  Texts audiences;
  const auto mappers = client.find("protocolMappers");
  if (mappers == client.end() || !mappers->is_array()) return audiences;
  for (const Json& mapper : *mappers) {
    if (!is_ours(mapper)) continue;
    const std::string audience = text_of(mapper.value("config", Json::object()), kAudience);
    if (holds(mapper, mapper_of(text_of(mapper, "name"), audience))) audiences.push_back(audience);
  }
  return audiences;
}

/// The console writes "false" where nothing means the same.
bool same(const Json& stored, const Json& wanted) {
  const auto is_blank = [](const Json& value) {
    return value.is_null() || value == "" || value == "false" || value == false;
  };
  return stored == wanted || (is_blank(stored) && is_blank(wanted));
}

void add_deviations(const Json& stored, const Json& wanted, std::map<std::string, std::string>& found) {
  for (const auto& [name, value] : wanted.items()) {
    const Json present = stored.is_object() ? stored.value(name, Json()) : Json();
    // A member that holds a list or an object is read as it is, so it cannot deviate.
    if (value.is_structured() || same(present, value)) continue;
    found[name] = present.is_string() ? present.get<std::string>() : json::dump(present);
  }
}

}  // namespace

Result<void> check_members(const ClientSettings& settings) {
  const auto refuse = [](std::string message) {
    return fail(Error{.kind = ErrorKind::invalid, .message = std::move(message), .code = "not_supported"});
  };
  if (settings.id_token_lifetime) {
    return refuse(
        "tokenLifetimes.idToken: at Keycloak an ID token lives as long as the access token; remove it");
  }
  if (!settings.jwks.empty() && !json::parse(settings.jwks)) return refuse("jwks is not JSON");
  return {};
}

void write_members(Json& body, const ClientSettings& settings) {
  body["clientId"] = settings.client_id;
  body["name"] = settings.client_name;
  body["protocol"] = "openid-connect";
  body["bearerOnly"] = false;
  body["directAccessGrantsEnabled"] = false;  // the password grant (RFC 9700 §2.4)
  // Only its own roles are in a machine's tokens. For others a token would carry all that its user may do.
  body["fullScopeAllowed"] = settings.parameters.contains(std::string(kRolesParameter));
  body["consentRequired"] = settings.type != ClientType::machine && settings.require_consent;
  body["redirectUris"] = settings.redirect_uris;
  body["webOrigins"] = settings.allowed_cors_origins;
  Json& attributes = body["attributes"];
  write_grants(body, attributes, settings.grant_types);
  write_authentication(body, attributes, settings);
  write_descriptions(body, attributes, settings);
  attributes[kAccessLifespan] = write_lifetime(settings.access_token_lifetime);
  attributes[kSessionLifespan] = write_lifetime(settings.refresh_token_lifetime);
  attributes[kSessionIdle] = write_lifetime(settings.refresh_token_lifetime);
  const std::string post_logout = join(settings.post_logout_redirect_uris);
  attributes[kPostLogout] = post_logout.empty() ? kNoPostLogout : post_logout;
}

ClientSettings read_members(const Json& client, std::optional<ClientType> type) {
  const Json attributes = client.value("attributes", Json::object());
  ClientSettings settings{.client_id = text_of(client, "clientId"),
                          .client_name = text_of(client, "name"),
                          .grant_types = read_grants(client, attributes),
                          .redirect_uris = texts_of(client, "redirectUris"),
                          .allowed_cors_origins = texts_of(client, "webOrigins"),
                          .audiences = read_audiences(client),
                          .token_endpoint_auth_method = read_method(client, attributes),
                          .access_token_lifetime = read_lifetime(text_of(attributes, kAccessLifespan)),
                          .refresh_token_lifetime = read_lifetime(text_of(attributes, kSessionLifespan)),
                          .contacts = split(text_of(attributes, kContacts)),
                          .client_uri = text_of(client, "baseUrl"),
                          .logo_uri = text_of(attributes, "logoUri"),
                          .policy_uri = text_of(attributes, "policyUri"),
                          .tos_uri = text_of(attributes, "tosUri"),
                          .jwks_uri = text_of(attributes, "jwks.url"),
                          .jwks = text_of(attributes, "jwks.string")};
  settings.type = type ? *type : guess_type(settings);
  settings.require_consent = settings.type != ClientType::machine && flag_of(client, "consentRequired");
  const std::string post_logout = text_of(attributes, kPostLogout);
  if (post_logout != kNoPostLogout) settings.post_logout_redirect_uris = split(post_logout);
  return normalised(std::move(settings));
}

std::map<std::string, std::string> find_deviations(const Json& client, const ClientSettings& settings) {
  Json wanted = Json::object();
  write_members(wanted, settings);
  std::map<std::string, std::string> found;
  add_deviations(client, wanted, found);
  add_deviations(client.value("attributes", Json::object()), wanted["attributes"], found);
  return found;
}

Json write_mappers(const Json& client, const std::vector<std::string>& audiences) {
  const Json stored = client.value("protocolMappers", Json::array());
  Json mappers = Json::array();
  for (const Json& mapper : stored) {
    if (!is_ours(mapper)) mappers.push_back(mapper);
  }
  for (std::size_t number = 0; number < audiences.size(); ++number) {
    Json mapper = mapper_of(std::string(kMapperPrefix) + std::to_string(number + 1), audiences[number]);
    // The same mapper stays the same to Keycloak by its id.
    for (const Json& present : stored) {
      if (is_ours(present) && present["name"] == mapper["name"]) mapper["id"] = present.value("id", Json());
    }
    mappers.push_back(std::move(mapper));
  }
  return mappers;
}

}  // namespace apiclient::backend::keycloak
