#include "reconciler/registration_secret.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/names.h"
#include "api/registry_id.h"
#include "backend/settings_codec.h"
#include "base/encoding.h"
#include "base/rfc3339.h"
#include "json/reader.h"

namespace apiclient::reconciler {
namespace {

using backend::PendingCall;
using backend::RegistrationRecord;

constexpr std::array<std::pair<PendingCall, std::string_view>, 3> kPending{{
    {PendingCall::none, "none"},
    {PendingCall::update, "update"},
    {PendingCall::removal, "removal"},
}};

std::string_view to_string(PendingCall pending) {
  for (const auto& [known, name] : kPending) {
    if (known == pending) return name;
  }
  return "none";
}

PendingCall read_pending(std::string_view name, json::Problems& problems) {
  for (const auto& [known, text] : kPending) {
    if (text == name) return known;
  }
  problems.add("pending", "is none that we know");
  return PendingCall::none;
}

Json write_mark(const backend::OwnershipMark& mark) {
  return {{"installationId", mark.installation_id},
          {"namespace", mark.namespace_name},
          {"name", mark.name},
          {"uid", mark.uid},
          {"revision", mark.revision}};
}

backend::OwnershipMark read_mark(const json::Reader& reader) {
  return {.installation_id = reader.text("installationId"),
          .namespace_name = reader.text("namespace"),
          .name = reader.text("name"),
          .uid = reader.text("uid"),
          .revision = reader.integer("revision")};
}

Json write_credential(const backend::Credential& credential) {
  Json target{
      {"hint", credential.hint}, {"revision", credential.revision}, {"operationId", credential.operation_id}};
  if (credential.created_at) target["createdAt"] = format_rfc3339(*credential.created_at);
  return target;
}

backend::Credential read_credential(const json::Reader& reader) {
  return {.hint = reader.text("hint"),
          .revision = reader.integer("revision"),
          .operation_id = reader.text("operationId"),
          .created_at = reader.optional_time("createdAt")};
}

/// Everything but the token.
Result<Json> write_state(const RegistrationRecord& record) {
  ASSIGN_OR_RETURN(Json requested, backend::write_settings(record.requested));
  Json state{{"clientId", record.client_id},
             {"mark", write_mark(record.mark)},
             {"credential", write_credential(record.credential)},
             {"managementUri", record.management_uri},
             {"requested", std::move(requested)},
             {"answered", record.answered},
             {"pending", to_string(record.pending)}};
  if (!record.stored_as) return state;
  ASSIGN_OR_RETURN(state["storedAs"], backend::write_settings(*record.stored_as));
  return state;
}

RegistrationRecord read_state(const json::Reader& reader, json::Problems& problems) {
  RegistrationRecord record{.client_id = reader.text("clientId"),
                            .mark = read_mark(reader.object("mark")),
                            .credential = read_credential(reader.object("credential")),
                            .management_uri = reader.text("managementUri")};
  record.requested = backend::read_settings(reader.object("requested"), problems);
  record.answered = reader.text("answered");
  if (reader.has("storedAs")) {
    record.stored_as = backend::read_settings(reader.object("storedAs"), problems);
  }
  record.pending = read_pending(reader.text("pending"), problems);
  return record;
}

/// A member of a Secret's data; a problem when it is not there or not base64.
std::string decode(const json::Reader& data, std::string_view key, json::Problems& problems) {
  auto bytes = base64_decode(data.text(key));
  if (!bytes) problems.add(data.path() + "." + std::string(key), "is not base64");
  return std::move(bytes).value_or("");
}

}  // namespace

Result<Json> write_registration(const RegistrationRecord& record, const kube::ObjectKey& key,
                                const std::string& registry, const std::string& installation_id) {
  ASSIGN_OR_RETURN(const Json state, write_state(record));
  const Json labels{{std::string(api::kManagedByLabel), api::kManagedBy},
                    {std::string(api::kRegistrationLabel), "true"},
                    {std::string(api::kOwnerUidAnnotation), record.mark.uid},
                    {std::string(api::kInstallationAnnotation), installation_id}};
  const Json annotations{
      {std::string(api::kOwnerUidAnnotation), record.mark.uid},
      {std::string(api::kOwnerNamespaceAnnotation), record.mark.namespace_name},
      {std::string(api::kInstallationAnnotation), installation_id},
      {std::string(api::kRegistryAnnotation), std::string(api::registry_kind(registry)) + "/" + registry}};
  return Json{{"apiVersion", "v1"},
              {"kind", "Secret"},
              {"metadata",
               {{"namespace", key.namespace_name},
                {"name", key.name},
                {"labels", labels},
                {"annotations", annotations}}},
              {"type", "Opaque"},
              {"data",
               {{"record", base64_encode(json::dump(state))},
                {"registration-access-token", base64_encode(record.access_token.reveal())}}}};
}

Result<RegistrationRecord> read_registration(const Json& object) {
  json::Problems problems;
  const json::Reader reader(object, problems);
  const json::Reader data = reader.object("data");
  const std::string text = decode(data, "record", problems);
  std::string token = decode(data, "registration-access-token", problems);
  auto state = json::parse(text);
  if (!state) {
    problems.add("data.record", "is not JSON");
    state = Json::object();
  }
  RegistrationRecord record = read_state(json::Reader(*state, problems, "record"), problems);
  record.access_token = Secret(token);
  wipe(token);
  if (auto read = problems.result("read registration Secret"); !read) return failure_of(std::move(read));
  return record;
}

}  // namespace apiclient::reconciler
