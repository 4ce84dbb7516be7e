#include "backend/embedded_codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "backend/registry_error.h"
#include "backend/settings_codec.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend::embedded {
namespace {

constexpr int kMaxSecrets = 3;  ///< of a registry that does not tell
constexpr int kMostSecrets = 100;

constexpr std::size_t kLongestVersion = 64;

Json write_mark(const OwnershipMark& mark) {
  return {{"installation_id", mark.installation_id},
          {"namespace", mark.namespace_name},
          {"name", mark.name},
          {"uid", mark.uid},
          {"revision", mark.revision}};
}

OwnershipMark read_mark(const json::Reader& reader) {
  return {.installation_id = reader.text("installation_id"),
          .namespace_name = reader.text("namespace"),
          .name = reader.text("name"),
          .uid = reader.text("uid"),
          .revision = reader.integer("revision")};
}

Result<Json> write_document(const ClientSettings& settings, const OwnershipMark& mark) {
  ASSIGN_OR_RETURN(Json target, write_settings(settings));
  target["mark"] = write_mark(mark);
  return target;
}

/// The value enters JSON here and nowhere else; `target`'s copy is wiped once the text is made.
std::string dump_with_value(Json& document, Json& target, const NewCredential& credential) {
  target["operation_id"] = credential.operation_id;
  target["revision"] = credential.revision;
  if (credential.value == nullptr) return json::dump(document);
  target["value"] = std::string(credential.value->reveal());
  std::string text = json::dump(document);
  wipe(target["value"].get_ref<std::string&>());
  return text;
}

Credential read_credential(const json::Reader& reader) {
  return {.id = reader.text("id"),
          .hint = reader.optional_text("hint").value_or(""),
          .revision = reader.integer("revision"),
          .operation_id = reader.text("operation_id"),
          .created_at = reader.optional_time("created_at"),
          .last_used_at = reader.optional_time("last_used_at")};
}

/// A mistake in the registry's answer is not the client's: `protocol`, and cut, because paths hold foreign
/// names.
Result<void> verdict_on(const json::Problems& problems, std::string_view operation) {
  const auto result = problems.result(operation);
  if (result) return {};
  return fail(ErrorKind::protocol, cleaned(result.error().message));
}

Result<Json> read_page(std::string_view body) {
  ASSIGN_OR_RETURN(Json document, json::parse(body));
  const bool is_page = document.is_object() && document.contains("items") && document["items"].is_array();
  if (!is_page) return fail(ErrorKind::protocol, "the answer is not a list of clients");
  return document;
}

}  // namespace

Result<std::string> write_client(const ClientSettings& settings, const OwnershipMark& mark) {
  return write_document(settings, mark).transform([](const Json& document) { return json::dump(document); });
}

Result<std::string> write_client(const ClientSettings& settings, const OwnershipMark& mark,
                                 const NewCredential& credential) {
  ASSIGN_OR_RETURN(Json document, write_document(settings, mark));
  return dump_with_value(document, document["secret"], credential);
}

std::string write_secret(const NewCredential& credential) {
  Json document = Json::object();
  return dump_with_value(document, document, credential);
}

Result<RegisteredClient> read_client(std::string_view body) {
  ASSIGN_OR_RETURN(const Json document, json::parse(body));
  json::Problems problems;
  const json::Reader reader(document, problems);
  RegisteredClient client{.settings = read_settings(reader, problems),
                          .etag = reader.text("etag"),
                          .disabled = reader.optional_boolean("disabled").value_or(false)};
  if (reader.has("mark")) client.mark = read_mark(reader.object("mark"));
  reader.each("secrets", [&client](const json::Reader& secret) {
    client.credentials.push_back(read_credential(secret));
  });
  RETURN_IF_ERROR(verdict_on(problems, "read client"));
  std::ranges::stable_sort(client.credentials, {}, &Credential::revision);
  return client;
}

Result<Credential> read_secret(std::string_view body) {
  ASSIGN_OR_RETURN(const Json document, json::parse(body));
  json::Problems problems;
  Credential credential = read_credential(json::Reader(document, problems));
  RETURN_IF_ERROR(verdict_on(problems, "read secret"));
  return credential;
}

Result<ClientPage> read_client_page(std::string_view body) {
  ASSIGN_OR_RETURN(const Json document, read_page(body));
  json::Problems problems;
  const json::Reader reader(document, problems);
  ClientPage page{.next = reader.optional_text("continue").value_or("")};
  reader.each("items",
              [&page](const json::Reader& client) { page.client_ids.push_back(client.text("client_id")); });
  RETURN_IF_ERROR(verdict_on(problems, "read list of clients"));
  return page;
}

Result<int> read_max_secrets(std::string_view body) {
  ASSIGN_OR_RETURN(const Json document, read_page(body));
  json::Problems problems;
  const auto most = json::Reader(document, problems).optional_integer("max_secrets").value_or(kMaxSecrets);
  RETURN_IF_ERROR(verdict_on(problems, "read list of clients"));
  if (most < 1 || most > kMostSecrets) return fail(ErrorKind::protocol, "max_secrets is out of range");
  return static_cast<int>(most);
}

Result<std::string> read_server_version(std::string_view body) {
  ASSIGN_OR_RETURN(const Json document, read_page(body));
  const auto version = document.find("server_version");
  const bool named = version != document.end() && version->is_string();
  return named ? cleaned(version->get_ref<const std::string&>(), kLongestVersion) : std::string();
}

}  // namespace apiclient::backend::embedded
