#include "backend/keycloak_api.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "backend/call_deadlines.h"
#include "backend/registry_error.h"
#include "http/uri.h"
#include "json/reader.h"

namespace apiclient::backend::keycloak {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kClients = "/clients";
constexpr std::string_view kSecret = "/client-secret";
constexpr std::string_view kRotatedSecret = "/client-secret/rotated";
/// Needs the same right as to see every client, and says so.
constexpr const char* kNeedsView = "/default-default-client-scopes";

std::string client_path(std::string_view uuid, std::string_view below = {}) {
  return std::string(kClients).append("/").append(http::encode_segment(uuid)).append(below);
}

std::string scope_path(std::string_view uuid, std::string_view scope_id) {
  return client_path(uuid, "/optional-client-scopes/" + http::encode_segment(scope_id));
}

std::string roles_path(std::string_view user) {
  return "/users/" + http::encode_segment(user) + "/role-mappings/realm";
}

/// The value is wiped where it stood.
Secret take_secret(Json& document) {
  json::Problems ignored;
  std::string value = json::Reader(document, ignored).optional_text("value").value_or("");
  Secret secret(value);
  wipe(value);
  if (document.is_object() && document.contains("value")) {
    if (auto* text = document["value"].get_ptr<std::string*>()) wipe(*text);
  }
  return secret;
}

/// What a web page's 200 is not.
bool is_done(const http::Response& response) {
  return response.status_code == 201 || response.status_code == 204;
}

/// The last segment of the URL of what was created.
Result<std::string> created_id(const http::Response& response) {
  const std::string_view location = http::find_header(response.headers, "Location");
  const auto id = http::decode_segment(location.substr(location.rfind('/') + 1));
  if (!id || id->empty()) return fail(ErrorKind::protocol, "the answer does not say what was created");
  return *id;
}

}  // namespace

Result<std::optional<StoredClient>> AdminApi::find(Road road, const std::string& client_id,
                                                   const std::stop_token& stop) {
  http::Query query;
  query.add("clientId", client_id);
  ASSIGN_OR_RETURN(Json list, read(road, std::string(kClients) + query.text(), stop));
  if (!list.is_array()) return fail(ErrorKind::protocol, "the answer is not a list of clients");
  if (list.empty()) {
    ASSIGN_OR_RETURN(const Json proof, read(road, kNeedsView, stop));
    if (!proof.is_array()) return fail(ErrorKind::protocol, "the answer is not a list of client scopes");
    return std::optional<StoredClient>();
  }
  ASSIGN_OR_RETURN(StoredClient stored, read_client(std::move(list.front())));
  // An answer about another client is no answer: the URL may lead to something else that speaks JSON.
  if (list.size() != 1 || stored.client.settings.client_id != client_id) {
    return fail(ErrorKind::protocol, "the answer is about another client");
  }
  if (!stored.readable) {
    return fail(ErrorKind::forbidden,
                "the operator's client may not view this client; give its service "
                "account the role view-clients of realm-management");
  }
  return std::optional(std::move(stored));
}

Result<StoredClient> AdminApi::get(const std::string& uuid, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(Json document, read(Road::writes, client_path(uuid), stop));
  return read_client(std::move(document));
}

Result<Json> AdminApi::list(std::size_t first, std::size_t count, const std::stop_token& stop) {
  http::Query query;
  query.add("first", std::to_string(first)).add("max", std::to_string(count));
  auto page = read(Road::reads, std::string(kClients) + query.text(), stop);
  if (page && !page->is_array()) return fail(ErrorKind::protocol, "the answer is not a list of clients");
  return page;
}

Result<std::string> AdminApi::create(Json body, const Secret* value, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const http::Response response, write(http::Method::post, std::string(kClients),
                                                        dump_with_secret(body, value), value, stop));
  return created_id(response);
}

Result<void> AdminApi::update(const std::string& uuid, Json body, const Secret* value,
                              const std::stop_token& stop) {
  RETURN_IF_ERROR(write(http::Method::put, client_path(uuid), dump_with_secret(body, value), value, stop));
  return {};
}

Result<void> AdminApi::remove(const std::string& uuid, const std::stop_token& stop) {
  RETURN_IF_ERROR(write(http::Method::del, client_path(uuid), {}, nullptr, stop));
  return {};
}

Result<Secret> AdminApi::secret(const std::string& uuid, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(Json document, read(Road::writes, client_path(uuid, kSecret), stop));
  return take_secret(document);
}

Result<void> AdminApi::regenerate_secret(const std::string& uuid, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(http::Response response, writes_.send({.method = http::Method::post,
                                                          .path = client_path(uuid, kSecret),
                                                          .headers = {{"Accept", "application/json"}},
                                                          .timeout = kWriteAfterReadTimeout},
                                                         stop));
  if (!response.ok()) return fail(keycloak_error_from(response));
  auto document = json::parse(response.body);
  wipe(response.body);
  if (!document || take_secret(*document).empty()) {
    return fail(ErrorKind::protocol, "the answer is not a secret");
  }
  return {};
}

Result<void> AdminApi::drop_rotated_secret(const std::string& uuid, const std::stop_token& stop) {
  auto dropped = write(http::Method::del, client_path(uuid, kRotatedSecret), {}, nullptr, stop);
  if (!dropped && dropped.error().kind != ErrorKind::not_found) return failure_of(std::move(dropped));
  return {};
}

Result<std::optional<RotationPolicy>> AdminApi::rotation_policy(Road road, const std::stop_token& stop) {
  auto profiles = read(road, "/client-policies/profiles", stop);
  auto policies = profiles ? read(road, "/client-policies/policies", stop) : Result<Json>(Json());
  const Error* refused = !profiles ? &profiles.error() : !policies ? &policies.error() : nullptr;
  if (refused == nullptr) return read_rotation_policy(*profiles, *policies);
  const bool hidden = refused->kind == ErrorKind::forbidden || refused->kind == ErrorKind::not_found;
  if (hidden) return std::optional<RotationPolicy>();
  return fail(*refused);
}

Result<std::map<std::string, std::string>> AdminApi::client_scopes(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const Json list, read(Road::writes, "/client-scopes", stop));
  std::map<std::string, std::string> ids;
  json::Problems problems;
  for (const Json& one : list.is_array() ? list : Json::array()) {
    const json::Reader scope(one, problems);
    if (scope.optional_text("protocol").value_or("") == "openid-connect") {
      ids[scope.text("name")] = scope.text("id");
    }
  }
  const bool broken = !list.is_array() || !problems.all().empty();
  if (broken) return fail(ErrorKind::protocol, "the answer is not a list of client scopes");
  return ids;
}

Result<void> AdminApi::add_scope(const std::string& uuid, const std::string& scope_id,
                                 const std::stop_token& stop) {
  RETURN_IF_ERROR(write(http::Method::put, scope_path(uuid, scope_id), {}, nullptr, stop));
  return {};
}

Result<void> AdminApi::drop_scope(const std::string& uuid, const std::string& scope_id,
                                  const std::stop_token& stop) {
  RETURN_IF_ERROR(write(http::Method::del, scope_path(uuid, scope_id), {}, nullptr, stop));
  return {};
}

Result<std::string> AdminApi::service_account(Road road, const std::string& uuid,
                                              const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const Json user, read(road, client_path(uuid, "/service-account-user"), stop));
  json::Problems problems;
  std::string id = json::Reader(user, problems).text("id");
  if (id.empty()) return fail(ErrorKind::protocol, "the answer is not a user");
  return id;
}

Result<std::vector<AdminApi::Role>> AdminApi::roles(Road road, const std::string& user,
                                                    const std::stop_token& stop) {
  return read_roles(road, roles_path(user), stop);
}

Result<std::vector<AdminApi::Role>> AdminApi::available_roles(const std::string& user,
                                                              const std::stop_token& stop) {
  return read_roles(Road::writes, roles_path(user) + "/available", stop);
}

Result<std::vector<AdminApi::Role>> AdminApi::read_roles(Road road, const std::string& path,
                                                         const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const Json list, read(road, path, stop));
  if (!list.is_array()) return fail(ErrorKind::protocol, "the answer is not a list of roles");
  std::vector<Role> roles;
  json::Problems problems;
  for (const Json& one : list) {
    const json::Reader role(one, problems);
    roles.push_back({.id = role.text("id"), .name = role.text("name")});
  }
  if (!problems.all().empty()) return fail(ErrorKind::protocol, "the answer is not a list of roles");
  return roles;
}

Result<void> AdminApi::add_roles(const std::string& user, const std::vector<Role>& roles,
                                 const std::stop_token& stop) {
  return change_roles(http::Method::post, user, roles, stop);
}

Result<void> AdminApi::drop_roles(const std::string& user, const std::vector<Role>& roles,
                                  const std::stop_token& stop) {
  return change_roles(http::Method::del, user, roles, stop);
}

Result<void> AdminApi::change_roles(http::Method method, const std::string& user,
                                    const std::vector<Role>& roles, const std::stop_token& stop) {
  if (roles.empty()) return {};
  Json body = Json::array();
  for (const Role& role : roles) body.push_back({{"id", role.id}, {"name", role.name}});
  RETURN_IF_ERROR(write(method, roles_path(user), json::dump(body), nullptr, stop));
  return {};
}

Result<Json> AdminApi::read(Road road, const std::string& path, const std::stop_token& stop) {
  const bool before_a_write = road == Road::writes;
  http::Transport& transport = before_a_write ? writes_ : reads_;
  ASSIGN_OR_RETURN(http::Response response,
                   transport.send({.path = path,
                                   .headers = {{"Accept", "application/json"}},
                                   .timeout = before_a_write ? kReadBeforeWriteTimeout : kReadTimeout},
                                  stop));
  if (!response.ok()) return fail(keycloak_error_from(response));
  auto document = json::parse(response.body);
  wipe(response.body);
  if (document) drop_secrets(*document);
  return document;
}

Result<http::Response> AdminApi::write(http::Method method, std::string path, std::string body,
                                       const Secret* value, const std::stop_token& stop) {
  http::Request request{.method = method,
                        .path = std::move(path),
                        .headers = {{"Accept", "application/json"}},
                        .body = std::move(body),
                        .timeout = kWriteAfterReadTimeout};
  if (!request.body.empty()) request.headers["Content-Type"] = "application/json";
  auto response = writes_.send(request, stop);
  wipe(request.body);
  if (!response || is_done(*response)) return response;
  const std::array secrets{value != nullptr ? value->reveal() : std::string_view()};
  Error error = keycloak_error_from(*response, secrets);
  wipe(response->body);
  return fail(std::move(error));
}

}  // namespace apiclient::backend::keycloak
