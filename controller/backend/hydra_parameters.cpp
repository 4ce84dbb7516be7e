#include "backend/hydra_parameters.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/duration.h"

namespace apiclient::backend::hydra {
namespace {

using Lifetime = std::optional<std::chrono::seconds>;
using LifetimeOf = Lifetime ClientSettings::*;

/// Hydra has one for each grant; ours is for all of them.
struct Lifespan {
  const char* member;
  LifetimeOf lifetime;
};
constexpr std::array<Lifespan, 13> kLifespans{{
    {"authorization_code_grant_access_token_lifespan", &ClientSettings::access_token_lifetime},
    {"authorization_code_grant_id_token_lifespan", &ClientSettings::id_token_lifetime},
    {"authorization_code_grant_refresh_token_lifespan", &ClientSettings::refresh_token_lifetime},
    {"client_credentials_grant_access_token_lifespan", &ClientSettings::access_token_lifetime},
    {"device_authorization_grant_access_token_lifespan", &ClientSettings::access_token_lifetime},
    {"device_authorization_grant_id_token_lifespan", &ClientSettings::id_token_lifetime},
    {"device_authorization_grant_refresh_token_lifespan", &ClientSettings::refresh_token_lifetime},
    {"implicit_grant_access_token_lifespan", &ClientSettings::access_token_lifetime},
    {"implicit_grant_id_token_lifespan", &ClientSettings::id_token_lifetime},
    {"jwt_bearer_grant_access_token_lifespan", &ClientSettings::access_token_lifetime},
    {"refresh_token_grant_access_token_lifespan", &ClientSettings::access_token_lifetime},
    {"refresh_token_grant_id_token_lifespan", &ClientSettings::id_token_lifetime},
    {"refresh_token_grant_refresh_token_lifespan", &ClientSettings::refresh_token_lifetime},
}};

/// OpenID Connect Dynamic Client Registration 1.0 §2.
struct ResponseType {
  const char* name;
  bool needs_code;
  bool needs_implicit;
};
constexpr std::array<ResponseType, 7> kResponseTypes{{
    {"code", true, false},
    {"code id_token", true, true},
    {"code id_token token", true, true},
    {"code token", true, true},
    {"id_token", false, true},
    {"id_token token", false, true},
    {"token", false, true},
}};

enum class Kind { text, flag, texts };
struct Parameter {
  std::string_view name;
  Kind kind;
};
constexpr std::array<Parameter, 12> kParameters{{
    {"access_token_strategy", Kind::text},
    {"backchannel_logout_session_required", Kind::flag},
    {"backchannel_logout_uri", Kind::text},
    {"frontchannel_logout_session_required", Kind::flag},
    {"frontchannel_logout_uri", Kind::text},
    {"request_object_signing_alg", Kind::text},
    {"request_uris", Kind::texts},
    {"sector_identifier_uri", Kind::text},
    {"skip_logout_consent", Kind::flag},
    {"subject_type", Kind::text},
    {"token_endpoint_auth_signing_alg", Kind::text},
    {"userinfo_signed_response_alg", Kind::text},
}};

bool lists(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Null when missing.
const Json& member_of(const Json& client, const std::string& name) {
  static const Json null;
  const auto found = client.find(name);
  return found == client.end() ? null : *found;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : json::dump(value);
}

/// As Hydra writes it: "1h0m0s". Null is none; anything else that is no whole number of seconds has no value.
struct StoredLifetime {
  bool readable = true;
  Lifetime value = {};
};
StoredLifetime read_lifetime(const Json& value) {
  using std::chrono::seconds;
  if (value.is_null()) return {};
  const auto duration =
      value.is_string() ? parse_duration(value.get_ref<const std::string&>()) : fail(ErrorKind::protocol, "");
  if (!duration || *duration % seconds(1) != seconds(0)) return {.readable = false};
  return {.value = std::chrono::duration_cast<seconds>(*duration)};
}

Json response_types(const std::vector<std::string>& grants) {
  const bool code = lists(grants, "authorization_code");
  const bool implicit = lists(grants, "implicit");
  Json types = Json::array();
  for (const ResponseType& type : kResponseTypes) {
    if ((!type.needs_code || code) && (!type.needs_implicit || implicit)) types.emplace_back(type.name);
  }
  return types;
}

/// Nobody is asked for a machine, so nothing is skipped.
bool skips_consent(const ClientSettings& settings) {
  return settings.type != ClientType::machine && !settings.require_consent;
}

bool deviates(const Json& client, const Lifespan& lifespan, const ClientSettings& settings) {
  // One that this version of Hydra does not have.
  if (!client.contains(lifespan.member)) return false;
  const StoredLifetime stored = read_lifetime(client[lifespan.member]);
  return !stored.readable || stored.value != settings.*lifespan.lifetime;
}

bool has_response_types(const Json& stored, const ClientSettings& settings) {
  Json sorted = stored.is_array() ? stored : Json::array();
  std::sort(sorted.begin(), sorted.end());  // Json has no ranges
  return sorted == response_types(settings.grant_types);
}

Error refuse(const std::string& name, const std::string& why) {
  return {.kind = ErrorKind::invalid,
          .message = "registryParameters: " + name + " " + why,
          .code = "unknown_parameter"};
}

/// The value in the type that Hydra wants.
Result<Json> write_parameter(const std::string& name, const std::string& text) {
  const auto* known = std::ranges::find(kParameters, name, &Parameter::name);
  if (known == kParameters.end()) return fail(refuse(name, "is none that Ory Hydra has; remove it"));
  if (known->kind == Kind::text) return Json(text);
  auto value = json::parse(text);
  const bool fits = value && (known->kind == Kind::flag ? value->is_boolean() : value->is_array());
  if (!fits) {
    return fail(
        refuse(name, known->kind == Kind::flag ? "must be true or false" : "must be a list of texts"));
  }
  return std::move(*value);
}

}  // namespace

void write_derived(Json& client, const ClientSettings& settings) {
  client["response_types"] = response_types(settings.grant_types);
  client["skip_consent"] = skips_consent(settings);
  for (const Lifespan& lifespan : kLifespans) {
    const Lifetime& lifetime = settings.*lifespan.lifetime;
    client[lifespan.member] = lifetime ? Json(std::to_string(lifetime->count()) + "s") : Json();
  }
}

void read_derived(const Json& client, ClientSettings& settings) {
  const Json& skip = member_of(client, "skip_consent");
  settings.require_consent = settings.type != ClientType::machine && !(skip.is_boolean() && skip.get<bool>());
  const auto lifetime = [&](const char* member) { return read_lifetime(member_of(client, member)).value; };
  settings.access_token_lifetime = lifetime("authorization_code_grant_access_token_lifespan");
  settings.refresh_token_lifetime = lifetime("authorization_code_grant_refresh_token_lifespan");
  settings.id_token_lifetime = lifetime("authorization_code_grant_id_token_lifespan");
}

std::map<std::string, std::string> find_deviations(const Json& client, const ClientSettings& settings) {
  std::map<std::string, std::string> found;
  const auto add = [&](const char* name) { found[name] = text_of(member_of(client, name)); };
  if (!has_response_types(member_of(client, "response_types"), settings)) add("response_types");
  const Json& skip = member_of(client, "skip_consent");
  if ((skip.is_boolean() && skip.get<bool>()) != skips_consent(settings)) add("skip_consent");
  for (const Lifespan& lifespan : kLifespans) {
    if (deviates(client, lifespan, settings)) add(lifespan.member);
  }
  return found;
}

Result<void> write_parameters(Json& client, const ClientSettings& settings,
                              const std::vector<std::string>& before) {
  for (const std::string& name : before) {
    const bool known = std::ranges::find(kParameters, name, &Parameter::name) != kParameters.end();
    if (known && !settings.parameters.contains(name)) client.erase(name);
  }
  for (const auto& [name, text] : settings.parameters) {
    ASSIGN_OR_RETURN(client[name], write_parameter(name, text));
  }
  return {};
}

std::map<std::string, std::string> read_parameters(const Json& client,
                                                   const std::vector<std::string>& names) {
  std::map<std::string, std::string> found;
  for (const std::string& name : names) {
    const Json& value = member_of(client, name);
    if (!value.is_null()) found[name] = text_of(value);
  }
  return found;
}

}  // namespace apiclient::backend::hydra
