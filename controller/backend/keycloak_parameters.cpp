#include "backend/keycloak_parameters.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "json/reader.h"

namespace apiclient::backend::keycloak {
namespace {

enum class Kind { text, flag };
enum class Place { member, attribute };
struct Parameter {
  std::string_view name;
  Kind kind;
  Place place = Place::attribute;
};
constexpr std::string_view kPkce = "pkce.code.challenge.method";
constexpr std::array kParameters{
    Parameter{"access.token.header.type.rfc9068", Kind::flag},
    Parameter{"access.token.signed.response.alg", Kind::text},
    Parameter{"adminUrl", Kind::text, Place::member},
    Parameter{"alwaysDisplayInConsole", Kind::flag, Place::member},
    Parameter{"backchannel.logout.revoke.offline.tokens", Kind::flag},
    Parameter{"backchannel.logout.session.required", Kind::flag},
    Parameter{"backchannel.logout.url", Kind::text},
    Parameter{"client.offline.session.idle.timeout", Kind::text},
    Parameter{"client.offline.session.max.lifespan", Kind::text},
    Parameter{"client.use.lightweight.access.token.enabled", Kind::flag},
    Parameter{"consent.screen.text", Kind::text},
    Parameter{"description", Kind::text, Place::member},
    Parameter{"display.on.consent.screen", Kind::flag},
    Parameter{"dpop.bound.access.tokens", Kind::flag},
    Parameter{"frontchannel.logout.session.required", Kind::flag},
    Parameter{"frontchannel.logout.url", Kind::text},
    Parameter{"frontchannelLogout", Kind::flag, Place::member},
    Parameter{"id.token.signed.response.alg", Kind::text},
    Parameter{"login_theme", Kind::text},
    Parameter{"oauth2.jwt.authorization.grant.idp", Kind::text},
    Parameter{kPkce, Kind::text},
    Parameter{"request.object.signature.alg", Kind::text},
    Parameter{"request.uris", Kind::text},
    Parameter{"require.pushed.authorization.requests", Kind::flag},
    Parameter{"tls.client.certificate.bound.access.tokens", Kind::flag},
    Parameter{"token.endpoint.auth.signing.alg", Kind::text},
    Parameter{"user.info.response.signature.alg", Kind::text},
};

const Parameter* find_parameter(std::string_view name) {
  const auto* known = std::ranges::find(kParameters, name, &Parameter::name);
  return known == kParameters.end() ? nullptr : known;
}

Error refuse(std::string_view name, std::string_view why) {
  return {.kind = ErrorKind::invalid,
          .message = std::string("registryParameters: ").append(name).append(" ").append(why),
          .code = "unknown_parameter"};
}

/// Keycloak removes an attribute whose value is empty.
void put(Json& body, const Parameter& parameter, const std::string& text) {
  Json& target = parameter.place == Place::attribute ? body["attributes"] : body;
  const bool as_flag = parameter.kind == Kind::flag && parameter.place == Place::member;
  target[std::string(parameter.name)] = as_flag ? Json(text == "true") : Json(text);
}

Result<void> write_parameter(Json& body, const ClientSettings& settings, const std::string& name,
                             const std::string& text) {
  const Parameter* known = find_parameter(name);
  if (known == nullptr) return fail(refuse(name, "is none that Keycloak has; remove it"));
  if (name == kPkce && settings.type == ClientType::public_client) {
    return fail(refuse(name, "is always S256 for a Public client; remove it"));
  }
  if (known->kind == Kind::flag && text != "true" && text != "false") {
    return fail(refuse(name, "must be true or false"));
  }
  put(body, *known, text);
  return {};
}

bool acts_for_users(const ClientSettings& settings) {
  const auto& grants = settings.grant_types;
  return settings.type != ClientType::machine || grants != std::vector<std::string>{"client_credentials"};
}

}  // namespace

Result<void> write_parameters(Json& body, const ClientSettings& settings,
                              const std::vector<std::string>& before) {
  for (const std::string& name : before) {
    const Parameter* known = find_parameter(name);
    const bool theirs = name == kPkce && settings.type == ClientType::public_client;
    if (known != nullptr && !theirs && !settings.parameters.contains(name)) put(body, *known, "");
  }
  for (const auto& [name, text] : settings.parameters) {
    if (name != kRolesParameter) RETURN_IF_ERROR(write_parameter(body, settings, name, text));
  }
  return {};
}

std::map<std::string, std::string> read_parameters(const Json& client,
                                                   const std::vector<std::string>& names) {
  json::Problems ignored;
  const json::Reader members(client, ignored);
  const json::Reader attributes = members.object("attributes");
  std::map<std::string, std::string> found;
  for (const std::string& name : names) {
    const Parameter* known = find_parameter(name);
    if (known == nullptr) continue;
    const Json& value = (known->place == Place::attribute ? attributes : members).raw(name);
    if (!value.is_null()) found[name] = value.is_string() ? value.get<std::string>() : json::dump(value);
  }
  return found;
}

Result<std::vector<std::string>> asked_roles(const ClientSettings& settings) {
  std::vector<std::string> roles;
  const auto asked = settings.parameters.find(std::string(kRolesParameter));
  if (asked == settings.parameters.end()) return roles;
  if (acts_for_users(settings)) {
    return fail(refuse(kRolesParameter, "is only for type Machine with client_credentials alone; remove it"));
  }
  const auto list = json::parse(asked->second);
  if (!list || !list->is_array()) return fail(refuse(kRolesParameter, "must be a list of role names"));
  std::set<std::string> seen;
  for (const Json& role : *list) {
    const auto* name = role.get_ptr<const std::string*>();
    if (name == nullptr || name->empty() || !seen.insert(*name).second) {
      return fail(refuse(kRolesParameter, "must be a list of role names, each once"));
    }
    roles.push_back(*name);
  }
  return roles;
}

}  // namespace apiclient::backend::keycloak
