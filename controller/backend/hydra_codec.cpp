#include "backend/hydra_codec.h"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "backend/hydra_parameters.h"
#include "backend/registry_error.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend::hydra {
namespace {

/// An empty scope means "the server's default ones" to Hydra, which among others gives refresh tokens.
constexpr const char* kNoScope = " ";
/// Never read, and never sent back.
constexpr std::array kSecretMembers{"client_secret", "registration_access_token", "registration_client_uri"};
/// What Hydra keeps of a key (RFC 7517 §4, RFC 7518 §6); it drops the rest.
constexpr std::array<std::string_view, 13> kKeyMembers{"alg", "crv", "e",   "k",   "kid",      "kty", "n",
                                                       "use", "x",   "x5c", "x5t", "x5t#S256", "y"};

void drop_secrets(Json& document) {
  if (!document.is_object()) return;
  for (const char* name : kSecretMembers) {
    const auto member = document.find(name);
    if (member == document.end()) continue;
    if (auto* text = member->get_ptr<std::string*>()) wipe(*text);
    document.erase(member);
  }
}

/// The JWK set as Hydra keeps it.
Json kept_of(Json set) {
  const auto keys = set.find("keys");
  if (keys == set.end() || !keys->is_array()) return set;
  for (Json& key : *keys) {
    if (!key.is_object()) continue;
    for (auto member = key.begin(); member != key.end();) {
      const bool kept = std::ranges::find(kKeyMembers, member.key()) != kKeyMembers.end();
      member = kept ? std::next(member) : key.erase(member);
    }
  }
  return set;
}

/// What was declared, if that is what is stored; empty for a client without keys.
std::string read_jwks(const Json& stored, const std::string& declared) {
  if (!stored.is_object() || !stored.contains("keys") || stored["keys"].empty()) return {};
  const auto wish = json::parse(declared);
  return wish && kept_of(*wish) == stored ? declared : json::dump(stored);
}

ClientType guess_type(const ClientSettings& settings) {
  if (settings.token_endpoint_auth_method == "none") return ClientType::public_client;
  const auto& grants = settings.grant_types;
  const bool acts_for_users = std::ranges::find(grants, "authorization_code") != grants.end();
  return acts_for_users ? ClientType::web : ClientType::machine;
}

ClientSettings read_settings(const json::Reader& reader, const std::optional<Mark>& mark) {
  const auto text = [&reader](std::string_view member) { return reader.optional_text(member).value_or(""); };
  const auto texts = [&reader](std::string_view member) {
    return reader.optional_texts(member).value_or(std::vector<std::string>());
  };
  ClientSettings settings{.client_id = reader.text("client_id"),
                          .client_name = text("client_name"),
                          .grant_types = texts("grant_types"),
                          .redirect_uris = texts("redirect_uris"),
                          .post_logout_redirect_uris = texts("post_logout_redirect_uris"),
                          .allowed_cors_origins = texts("allowed_cors_origins"),
                          .scopes = split_scopes(text("scope")),
                          .audiences = texts("audience"),
                          .token_endpoint_auth_method = text("token_endpoint_auth_method"),
                          .contacts = texts("contacts"),
                          .client_uri = text("client_uri"),
                          .logo_uri = text("logo_uri"),
                          .policy_uri = text("policy_uri"),
                          .tos_uri = text("tos_uri"),
                          .jwks_uri = text("jwks_uri"),
                          .jwks = read_jwks(reader.raw("jwks"), mark ? mark->jwks : "")};
  settings.type = mark && mark->type ? *mark->type : guess_type(settings);
  settings = normalised(std::move(settings));
  read_derived(reader.value(), settings);
  if (mark) settings.parameters = read_parameters(reader.value(), mark->parameters);
  settings.parameters.merge(find_deviations(reader.value(), settings));
  return settings;
}

/// A secret that nobody has described is there since before the client was ours.
std::vector<Credential> credentials_of(const ClientSettings& settings, const std::optional<Mark>& mark) {
  if (!settings.has_secret()) return {};
  if (mark && mark->credential) {
    std::vector<Credential> all = mark->older;
    all.push_back(*mark->credential);
    return all;
  }
  return {{.id = "initial", .revision = std::max<std::int64_t>(1, mark ? mark->owner.revision : 0)}};
}

/// Everything that ClientSettings has a field for, but for `jwks`, which may fail.
void write_settings(Json& target, const ClientSettings& settings) {
  target["client_id"] = settings.client_id;
  target["client_name"] = settings.client_name;
  target["grant_types"] = settings.grant_types;
  target["redirect_uris"] = settings.redirect_uris;
  target["post_logout_redirect_uris"] = settings.post_logout_redirect_uris;
  target["allowed_cors_origins"] = settings.allowed_cors_origins;
  target["scope"] = settings.scopes.empty() ? kNoScope : join_scopes(settings.scopes);
  target["audience"] = settings.audiences;
  target["token_endpoint_auth_method"] = settings.token_endpoint_auth_method;
  target["contacts"] = settings.contacts;
  target["client_uri"] = settings.client_uri;
  target["logo_uri"] = settings.logo_uri;
  target["policy_uri"] = settings.policy_uri;
  target["tos_uri"] = settings.tos_uri;
  target["jwks_uri"] = settings.jwks_uri;
  write_derived(target, settings);
}

/// Hydra takes an empty set beside `jwks_uri` for a second wish: without keys the member must not be there.
Result<void> write_jwks(Json& target, const ClientSettings& settings, Mark& mark) {
  target.erase("jwks");
  if (settings.jwks.empty()) return {};
  auto jwks = json::parse(settings.jwks);
  if (!jwks) return fail(ErrorKind::invalid, "jwks is not JSON");
  if (kept_of(*jwks) != *jwks) mark.jwks = settings.jwks;
  target["jwks"] = std::move(*jwks);
  return {};
}

/// Our members, the mark included.
Result<void> write_ours(Json& target, const ClientSettings& wish, const OwnershipMark& owner,
                        const std::optional<Mark>& before, std::optional<Credential> credential) {
  const ClientSettings settings = normalised(wish);
  Mark mark{.owner = owner, .type = settings.type};
  if (settings.has_secret()) mark.credential = std::move(credential);
  if (mark.credential && before) mark.older = before->older;
  write_settings(target, settings);
  RETURN_IF_ERROR(write_jwks(target, settings, mark));
  RETURN_IF_ERROR(
      write_parameters(target, settings, before ? before->parameters : std::vector<std::string>()));
  for (const auto& [name, value] : settings.parameters) mark.parameters.push_back(name);
  write_mark(target, mark);
  return {};
}

/// The value enters JSON here and nowhere else; the document's copy is wiped once the text is made.
std::string dump_with_value(Json& document, const Secret* value) {
  if (value == nullptr) return json::dump(document);
  document["client_secret"] = std::string(value->reveal());
  std::string text = json::dump(document);
  drop_secrets(document);
  return text;
}

/// As it is stored, but for the mark.
Json with_mark(const StoredClient& stored, const Mark& mark) {
  Json document = stored.document;
  if (const auto jwks = document.find("jwks"); jwks != document.end() && jwks->empty()) document.erase(jwks);
  write_mark(document, mark);
  return document;
}

}  // namespace

Result<StoredClient> read_client(std::string_view body) {
  StoredClient stored;
  ASSIGN_OR_RETURN(stored.document, json::parse(body));
  drop_secrets(stored.document);
  if (!stored.document.is_object()) return fail(ErrorKind::protocol, "the answer is not a client");
  json::Problems problems;
  const json::Reader reader(stored.document, problems);
  stored.mark = read_mark(stored.document);
  RegisteredClient& client = stored.client;
  client.settings = read_settings(reader, stored.mark);
  if (const auto result = problems.result("read client"); !result) {
    return fail(ErrorKind::protocol, cleaned(result.error().message));
  }
  if (stored.mark) client.mark = stored.mark->owner;
  client.credentials = credentials_of(client.settings, stored.mark);
  client.etag = std::to_string(std::hash<std::string>()(json::dump(stored.document)));
  return stored;
}

Result<Secret> read_new_secret(std::string_view body) {
  ASSIGN_OR_RETURN(Json document, json::parse(body));
  const auto* text = document.is_object() && document.contains("client_secret")
                         ? document["client_secret"].get_ptr<const std::string*>()
                         : nullptr;
  Secret value(text != nullptr ? *text : "");
  drop_secrets(document);
  if (value.empty()) return fail(ErrorKind::protocol, "the answer has no client_secret");
  return value;
}

Result<std::string> write_new_client(const ClientSettings& settings, const OwnershipMark& owner,
                                     const NewCredential* credential, WallTime now) {
  Json document = Json::object();
  std::optional<Credential> described;
  if (credential != nullptr) described = describe(*credential, now);
  RETURN_IF_ERROR(write_ours(document, settings, owner, std::nullopt, std::move(described)));
  return dump_with_value(document, credential != nullptr ? credential->value : nullptr);
}

Result<std::string> rewrite_client(const StoredClient& stored, const ClientSettings& settings,
                                   const OwnershipMark& owner) {
  Json document = stored.document;
  RETURN_IF_ERROR(write_ours(document, settings, owner, stored.mark,
                             stored.mark ? stored.mark->credential : std::nullopt));
  return json::dump(document);
}

std::string rewrite_secret(const StoredClient& stored, const NewCredential& credential, WallTime now) {
  Mark mark = stored.mark.value_or(Mark());
  mark.older.clear();
  mark.credential = describe(credential, now);
  mark.owner.revision = std::max(mark.owner.revision, credential.revision);
  Json document = with_mark(stored, mark);
  return dump_with_value(document, credential.value);
}

std::string describe_rotation(const StoredClient& stored, const NewCredential& wanted, WallTime now) {
  Mark mark = stored.mark.value_or(Mark());
  mark.older = stored.client.credentials;
  mark.credential = describe(wanted, now);
  mark.owner.revision = std::max(mark.owner.revision, wanted.revision);
  return json::dump(with_mark(stored, mark));
}

std::string forget_older(const StoredClient& stored) {
  Mark mark = stored.mark.value_or(Mark());
  mark.older.clear();
  return json::dump(with_mark(stored, mark));
}

}  // namespace apiclient::backend::hydra
