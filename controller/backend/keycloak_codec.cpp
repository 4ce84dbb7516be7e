#include "backend/keycloak_codec.h"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "backend/keycloak_members.h"
#include "backend/keycloak_parameters.h"
#include "backend/keycloak_secrets.h"
#include "json/reader.h"

namespace apiclient::backend::keycloak {
namespace {

using Texts = std::vector<std::string>;

constexpr const char* kAttributes = "attributes";
constexpr const char* kMappers = "protocolMappers";
constexpr const char* kSecret = "secret";
/// Never read, and never sent back.
constexpr std::array kSecretMembers{kSecret, "registrationAccessToken"};
constexpr const char* kRotatedSecret = "client.secret.rotated";
constexpr const char* kRotatedAt = "client.secret.rotated.creation.time";
constexpr const char* kSecretEnds = "client.secret.expiration.time";

bool lists(const Texts& texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}

void wipe_member(Json& object, const char* name) {
  if (!object.is_object()) return;
  const auto member = object.find(name);
  if (member == object.end()) return;
  if (auto* text = member->get_ptr<std::string*>()) wipe(*text);
  object.erase(member);
}

/// Keycloak keeps sets and writes them in any order, which would look like a change.
void sort_texts(Json& document) {
  for (auto& [name, value] : document.items()) {
    const bool texts =
        value.is_array() && std::ranges::all_of(value, [](const Json& item) { return item.is_string(); });
    if (texts) std::sort(value.begin(), value.end());  // Json has no ranges
  }
}

Texts texts_of(const Json& document, const char* name) {
  json::Problems ignored;
  return json::Reader(document, ignored).optional_texts(name).value_or(Texts());
}

std::optional<ClientMark> read_mark(const Json& document) {
  json::Problems ignored;
  const auto text = json::Reader(document, ignored).object(kAttributes).optional_text(kMarkAttribute);
  if (!text || text->empty()) return std::nullopt;
  const auto object = json::parse(*text);
  return object ? read_client_mark(*object) : ClientMark{};
}

void write_mark(Json& body, const ClientMark& mark) {
  body[kAttributes][std::string(kMarkAttribute)] = json::dump(write_client_mark(mark));
}

/// Of the scopes that we know of, those that the client has. Other people's are not seen.
Texts present_scopes(const Json& document, const ClientMark& mark) {
  const Texts standard = texts_of(document, "defaultClientScopes");
  const Texts optional = texts_of(document, "optionalClientScopes");
  Texts present;
  for (const std::string& scope : mark.scopes) {
    if (lists(standard, scope) || lists(optional, scope)) present.push_back(scope);
  }
  return present;
}

ClientSettings read_settings(const Json& document, const std::optional<ClientMark>& mark) {
  ClientSettings settings = read_members(document, mark ? mark->type : std::nullopt);
  if (mark) {
    settings.scopes = present_scopes(document, *mark);
    settings.parameters = read_parameters(document, mark->parameters);
    if (lists(mark->parameters, kRolesParameter)) {
      settings.parameters[std::string(kRolesParameter)] = json::dump(mark->roles);
    }
  }
  settings.parameters.merge(find_deviations(document, settings));
  return normalised(std::move(settings));
}

/// Those of `ours` that are not wanted any more, but still there.
Texts surplus_of(const Texts& ours, const Texts& wanted, const Texts& there) {
  Texts surplus;
  for (const std::string& one : ours) {
    if (!lists(wanted, one) && lists(there, one)) surplus.push_back(one);
  }
  return surplus;
}

Texts joined(Texts left, const Texts& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// What every update holds. Keycloak's rotation policy fails on an update without attributes.
Json begin_update(const StoredClient& stored) {
  Json body{{"clientId", stored.client.settings.client_id}, {kAttributes, Json::object()}};
  const auto services = stored.document.find("authorizationServicesEnabled");
  if (services != stored.document.end()) body["authorizationServicesEnabled"] = *services;
  return body;
}

/// Everything that is ours but the mark.
Result<void> write_declared(Json& body, const ClientSettings& settings, const ClientMark& before) {
  RETURN_IF_ERROR(check_members(settings));
  write_members(body, settings);
  return write_parameters(body, settings, before.parameters);
}

/// What is told of secrets stays as it is. Where nobody has told of any, one that was put aside is not ours.
void keep_secrets(ClientMark& mark, const StoredClient& stored) {
  const ClientMark before = stored.mark.value_or(ClientMark{.rotated_at = stored.rotated_at});
  mark.credential = before.credential;
  mark.older = before.older;
  mark.rotated_at = before.rotated_at;
  mark.newest_is_unknown = before.newest_is_unknown;
}

Result<ClientMark> make_mark(const ClientSettings& settings, const OwnershipMark& owner) {
  ClientMark mark{.owner = owner, .type = settings.type, .scopes = settings.scopes};
  ASSIGN_OR_RETURN(mark.roles, asked_roles(settings));
  for (const auto& [name, value] : settings.parameters) mark.parameters.push_back(name);
  return mark;
}

}  // namespace

void drop_secrets(Json& document) {
  if (document.is_array()) {
    for (Json& client : document) drop_secrets(client);
    return;
  }
  for (const char* name : kSecretMembers) wipe_member(document, name);
  if (document.is_object() && document.contains(kAttributes)) {
    wipe_member(document[kAttributes], kRotatedSecret);
  }
}

Result<StoredClient> read_client(Json document) {
  if (!document.is_object()) return fail(ErrorKind::protocol, "the answer is not a client");
  sort_texts(document);
  json::Problems problems;
  const json::Reader reader(document, problems);
  StoredClient stored{.uuid = reader.text("id")};
  stored.client.settings.client_id = reader.text("clientId");
  stored.readable = reader.object("access").optional_boolean("view").value_or(reader.has(kAttributes));
  if (!problems.all().empty()) return fail(ErrorKind::protocol, "the answer is not a client");
  stored.mark = read_mark(document);
  RegisteredClient& client = stored.client;
  client.settings = read_settings(document, stored.mark);
  if (stored.mark) client.mark = stored.mark->owner;
  stored.rotated_at = reader.object(kAttributes).optional_text(kRotatedAt).value_or("");
  if (client.settings.has_secret()) client.credentials = read_secrets(stored.mark, stored.rotated_at);
  client.disabled = !reader.optional_boolean("enabled").value_or(true);
  client.etag = std::to_string(std::hash<std::string>()(json::dump(document)));
  stored.secret_may_end = reader.object(kAttributes).has(kSecretEnds);
  stored.document = std::move(document);
  return stored;
}

Result<std::vector<std::string>> read_owned(const Json& list, std::string_view installation_id) {
  if (!list.is_array()) return fail(ErrorKind::protocol, "the answer is not a list of clients");
  std::vector<std::string> owned;
  for (const Json& client : list) {
    json::Problems problems;
    const std::string id = json::Reader(client, problems).text("clientId");
    if (id.empty()) return fail(ErrorKind::protocol, "the answer is not a list of clients");
    const auto mark = read_mark(client);
    if (mark && mark->owner.installation_id == installation_id) owned.push_back(id);
  }
  return owned;
}

Result<StoredClient> with_changes(const StoredClient& stored, const Json& body) {
  Json document = stored.document;
  for (const auto& [name, value] : body.items()) {
    if (name != kAttributes) document[name] = value;
  }
  Json& attributes = document[kAttributes];
  if (!attributes.is_object()) attributes = Json::object();
  const Json changed = body.value(kAttributes, Json::object());
  for (const auto& [name, value] : changed.items()) {
    if (value == "") {
      attributes.erase(name);
    } else {
      attributes[name] = value;
    }
  }
  return read_client(std::move(document));
}

void set_present_roles(StoredClient& stored, const std::vector<std::string>& present) {
  if (!stored.mark) return;
  Texts known;
  for (const std::string& role : stored.mark->roles) {
    if (lists(present, role)) known.push_back(role);
  }
  const std::string name(kRolesParameter);
  stored.client.settings.parameters.erase(name);
  if (lists(stored.mark->parameters, name) || !known.empty()) {
    stored.client.settings.parameters[name] = json::dump(Json(known));
  }
}

SetChange scope_change(const StoredClient& stored, const std::vector<std::string>& scopes) {
  const Texts standard = texts_of(stored.document, "defaultClientScopes");
  const Texts optional = texts_of(stored.document, "optionalClientScopes");
  SetChange change;
  for (const std::string& scope : scopes) {
    if (!lists(standard, scope) && !lists(optional, scope)) change.missing.push_back(scope);
  }
  // What is in every token was put there by a person.
  if (stored.mark) change.surplus = surplus_of(stored.mark->scopes, scopes, optional);
  return change;
}

Result<Json> write_new_client(const ClientSettings& wish, const OwnershipMark& owner,
                              const NewCredential* credential, WallTime now) {
  const ClientSettings settings = normalised(wish);
  Json body{{"enabled", true}, {kAttributes, Json::object()}};
  ASSIGN_OR_RETURN(ClientMark mark, make_mark(settings, owner));
  if (credential != nullptr) mark.credential = describe(*credential, now);
  RETURN_IF_ERROR(write_declared(body, settings, {}));
  body[kMappers] = write_mappers(Json::object(), settings.audiences);
  write_mark(body, mark);
  return body;
}

Result<Json> rewrite_client(const StoredClient& stored, const ClientSettings& wish,
                            const OwnershipMark& owner) {
  const ClientSettings settings = normalised(wish);
  const ClientMark before = stored.mark.value_or(ClientMark());
  Json body = begin_update(stored);
  ASSIGN_OR_RETURN(ClientMark mark, make_mark(settings, owner));
  if (settings.has_secret()) keep_secrets(mark, stored);
  // What is to be taken away is ours until it is gone.
  mark.scopes = joined(std::move(mark.scopes), scope_change(stored, settings.scopes).surplus);
  mark.roles = joined(mark.roles, surplus_of(before.roles, mark.roles, before.roles));
  RETURN_IF_ERROR(write_declared(body, settings, before));
  if (settings.audiences != stored.client.settings.audiences) {
    body[kMappers] = write_mappers(stored.document, settings.audiences);
  }
  write_mark(body, mark);
  return body;
}

Json rewrite_secret(const StoredClient& stored, const NewCredential& credential, WallTime now) {
  Json body = begin_update(stored);
  ClientMark mark = stored.mark.value_or(ClientMark());
  describe_newest(mark, stored.rotated_at, credential, now);
  write_mark(body, mark);
  return body;
}

Json rewrite_unknown_secret(const StoredClient& stored) {
  Json body = begin_update(stored);
  ClientMark mark = stored.mark.value_or(ClientMark());
  forget_newest(mark, stored.rotated_at);
  write_mark(body, mark);
  return body;
}

Json rewrite_enabled(const StoredClient& stored, bool enabled) {
  Json body = begin_update(stored);
  body["enabled"] = enabled;
  return body;
}

std::string dump_with_secret(Json& body, const Secret* value) {
  if (value == nullptr) return json::dump(body);
  body[kSecret] = std::string(value->reveal());
  std::string text = json::dump(body);
  wipe_member(body, kSecret);
  return text;
}

}  // namespace apiclient::backend::keycloak
