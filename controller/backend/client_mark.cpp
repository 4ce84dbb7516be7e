#include "backend/client_mark.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/rfc3339.h"
#include "json/reader.h"

namespace apiclient::backend {
namespace {

Credential read_credential(const json::Reader& reader) {
  Credential credential{.hint = reader.optional_text("hint").value_or(""),
                        .revision = reader.integer("revision"),
                        .operation_id = reader.text("operation_id"),
                        .created_at = reader.optional_time("created_at")};
  credential.id = credential.operation_id;
  return credential;
}

Json write_credential(const Credential& credential) {
  Json object{{"operation_id", credential.operation_id}, {"revision", credential.revision}};
  if (!credential.hint.empty()) object["hint"] = credential.hint;
  if (credential.created_at) object["created_at"] = format_rfc3339(*credential.created_at);
  return object;
}

std::vector<Credential> read_older(const json::Reader& mark) {
  std::vector<Credential> older;
  mark.each("older", [&](const json::Reader& one) { older.push_back(read_credential(one)); });
  return older;
}

}  // namespace

ClientMark read_client_mark(const Json& object) {
  json::Problems problems;
  const json::Reader reader(object, problems);
  const auto texts = [&reader](std::string_view member) {
    return reader.optional_texts(member).value_or(std::vector<std::string>());
  };
  ClientMark mark{.owner = {.installation_id = reader.text("installation_id"),
                            .namespace_name = reader.text("namespace"),
                            .name = reader.text("name"),
                            .uid = reader.text("uid"),
                            .revision = reader.integer("revision")},
                  .type = read_client_type(reader.optional_text("type").value_or("")),
                  .older = read_older(reader),
                  .rotated_at = reader.optional_text("rotated_at").value_or(""),
                  .newest_is_unknown = reader.optional_boolean("newest_is_unknown").value_or(false),
                  .parameters = texts("parameters"),
                  .scopes = texts("scopes"),
                  .roles = texts("roles")};
  if (reader.has("credential")) mark.credential = read_credential(reader.object("credential"));
  if (reader.has("jwks")) mark.jwks = json::dump(reader.raw("jwks"));
  if (!problems.all().empty()) return ClientMark{};
  return mark;
}

Json write_client_mark(const ClientMark& mark) {
  Json object{{"installation_id", mark.owner.installation_id},
              {"namespace", mark.owner.namespace_name},
              {"name", mark.owner.name},
              {"uid", mark.owner.uid},
              {"revision", mark.owner.revision}};
  if (mark.type) object["type"] = to_string(*mark.type);
  if (mark.credential) object["credential"] = write_credential(*mark.credential);
  for (const Credential& one : mark.older) object["older"].push_back(write_credential(one));
  if (!mark.rotated_at.empty()) object["rotated_at"] = mark.rotated_at;
  if (mark.newest_is_unknown) object["newest_is_unknown"] = true;
  if (!mark.parameters.empty()) object["parameters"] = mark.parameters;
  if (!mark.scopes.empty()) object["scopes"] = mark.scopes;
  if (!mark.roles.empty()) object["roles"] = mark.roles;
  if (auto jwks = json::parse(mark.jwks); jwks && !mark.jwks.empty()) object["jwks"] = std::move(*jwks);
  return object;
}

Credential describe(const NewCredential& credential, WallTime now) {
  return {.id = credential.operation_id,
          .hint = credential.value != nullptr ? hint_of(*credential.value) : std::string(),
          .revision = credential.revision,
          .operation_id = credential.operation_id,
          .created_at = std::chrono::floor<std::chrono::seconds>(now)};
}

}  // namespace apiclient::backend
