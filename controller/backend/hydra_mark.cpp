#include "backend/hydra_mark.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/rfc3339.h"
#include "json/reader.h"

namespace apiclient::backend::hydra {
namespace {

constexpr const char* kMetadata = "metadata";

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

std::optional<Mark> read_mark(const Json& client) {
  json::Problems problems;
  const json::Reader metadata = json::Reader(client, problems).object(kMetadata);
  if (!metadata.has(kMarkMember)) return std::nullopt;
  const json::Reader reader = metadata.object(kMarkMember);
  Mark mark{.owner = {.installation_id = reader.text("installation_id"),
                      .namespace_name = reader.text("namespace"),
                      .name = reader.text("name"),
                      .uid = reader.text("uid"),
                      .revision = reader.integer("revision")},
            .type = read_client_type(reader.optional_text("type").value_or("")),
            .older = read_older(reader),
            .parameters = reader.optional_texts("parameters").value_or(std::vector<std::string>())};
  if (reader.has("credential")) mark.credential = read_credential(reader.object("credential"));
  if (reader.has("jwks")) mark.jwks = json::dump(reader.raw("jwks"));
  if (!problems.all().empty()) return Mark{};
  return mark;
}

void write_mark(Json& client, const Mark& mark) {
  Json object{{"installation_id", mark.owner.installation_id},
              {"namespace", mark.owner.namespace_name},
              {"name", mark.owner.name},
              {"uid", mark.owner.uid},
              {"revision", mark.owner.revision}};
  if (mark.type) object["type"] = to_string(*mark.type);
  if (mark.credential) object["credential"] = write_credential(*mark.credential);
  for (const Credential& one : mark.older) object["older"].push_back(write_credential(one));
  if (!mark.parameters.empty()) object["parameters"] = mark.parameters;
  if (auto jwks = json::parse(mark.jwks); jwks && !mark.jwks.empty()) object["jwks"] = std::move(*jwks);
  Json& metadata = client[kMetadata];
  if (!metadata.is_object()) metadata = Json::object();
  metadata[std::string(kMarkMember)] = std::move(object);
}

Credential describe(const NewCredential& credential, WallTime now) {
  return {.id = credential.operation_id,
          .hint = credential.value != nullptr ? hint_of(*credential.value) : std::string(),
          .revision = credential.revision,
          .operation_id = credential.operation_id,
          .created_at = std::chrono::floor<std::chrono::seconds>(now)};
}

}  // namespace apiclient::backend::hydra
