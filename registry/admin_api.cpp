#include "registry/admin_api.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "json/json.h"
#include "registry/admin_request.h"
#include "registry/client_codec.h"
#include "registry/problem.h"
#include "registry/route_table.h"

namespace apiclient::registry {
namespace {

constexpr const char* kClients = "/admin/v1/clients";
constexpr const char* kClient = "/admin/v1/clients/([^/]+)";
constexpr const char* kDisable = "/admin/v1/clients/([^/]+)/disable";
constexpr const char* kEnable = "/admin/v1/clients/([^/]+)/enable";
constexpr const char* kSecrets = "/admin/v1/clients/([^/]+)/secrets";
constexpr const char* kSecret = "/admin/v1/clients/([^/]+)/secrets/([^/]+)";

http::Response json_response(int status_code, const Json& body) {
  return {.status_code = status_code,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = json::dump(body)};
}

http::Response client_response(int status_code, const ClientRecord& client) {
  http::Response response = json_response(status_code, write_client(client));
  response.headers.emplace("ETag", "\"" + std::to_string(client.version) + "\"");
  return response;
}

}  // namespace

std::vector<http::Route> AdminApi::routes() {
  using http::Method;
  const auto at = [this](Endpoint endpoint) {
    return [this, endpoint](const Request& request) {
      auto response = (this->*endpoint)(request);
      if (response) return *std::move(response);
      const Error& error = response.error();
      if (error.code.empty() && error.kind != ErrorKind::invalid)
        log_.error("admin request failed", {{"path", request.path}, {"error", error.message}});
      return problem_response(error);
    };
  };
  auto routes = complete_routes({{Method::post, kClients, at(&AdminApi::create_client)},
                                 {Method::get, kClients, at(&AdminApi::list_clients)},
                                 {Method::get, kClient, at(&AdminApi::get_client)},
                                 {Method::put, kClient, at(&AdminApi::replace_client)},
                                 {Method::del, kClient, at(&AdminApi::delete_client)},
                                 {Method::post, kDisable, at(&AdminApi::disable_client)},
                                 {Method::post, kEnable, at(&AdminApi::enable_client)},
                                 {Method::post, kSecrets, at(&AdminApi::add_secret)},
                                 {Method::put, kSecrets, at(&AdminApi::replace_secrets)},
                                 {Method::get, kSecrets, at(&AdminApi::list_secrets)},
                                 {Method::del, kSecret, at(&AdminApi::delete_secret)}});
  return wrap_routes(std::move(routes), [this](Handler next) {
    return [this, next = std::move(next)](const Request& request) { return serve(request, next); };
  });
}

EndpointNames AdminApi::endpoint_names() {
  return {{kClients, "clients"}, {kClient, "client"},   {kDisable, "disable"},
          {kEnable, "enable"},   {kSecrets, "secrets"}, {kSecret, "secret"}};
}

http::Response AdminApi::serve(const Request& request,
                               const std::function<http::Response(const Request&)>& next) {
  const bool known = token_.accepts(http::find_header(request.headers, "Authorization"));
  http::Response response =
      known ? next(request)
            : problem_response(Problem::unauthorized, "send Authorization: Bearer <admin token>");
  const auto method = http::to_string(request.method);
  log_.debug("admin request", {{"method", method},
                               {"path", request.path},
                               {"status", response.status_code},
                               {"remote", request.remote_address}});
  return response;
}

Result<http::Response> AdminApi::create_client(const Request& request) {
  ASSIGN_OR_RETURN(const NewClient client, read_new_client(request));
  ASSIGN_OR_RETURN(const auto created, store_.create(client));
  if (!created.replayed) log_.info("client created", {{"client_id", client.metadata.client_id}});
  return client_response(created.replayed ? 200 : 201, created.value);
}

Result<http::Response> AdminApi::list_clients(const Request& request) {
  ASSIGN_OR_RETURN(PageQuery query, read_page_query(request));
  ASSIGN_OR_RETURN(const ClientPage page, store_.list(std::move(query)));
  Json body{{"items", Json::array()},
            {"continue", write_continue_token(page.last)},
            {"server_version", APICLIENT_VERSION},
            {"max_secrets", store_.max_secrets()}};
  for (const auto& client : page.clients) body["items"].push_back(write_client(client));
  return json_response(200, body);
}

Result<http::Response> AdminApi::get_client(const Request& request) {
  ASSIGN_OR_RETURN(const ClientRecord client, require_client(request));
  return client_response(200, client);
}

Result<http::Response> AdminApi::replace_client(const Request& request) {
  ASSIGN_OR_RETURN(Json body, read_json_body(request));
  // The path names the client; the body may repeat it.
  if (body.is_object() && !body.contains("client_id")) body["client_id"] = request.captures.at(0);
  ASSIGN_OR_RETURN(const ClientRequest client, read_client_request(body));
  if (client.metadata.client_id != request.captures.at(0))
    return refuse(Problem::invalid_request, "client_id: differs from the path");
  if (client.secret) return refuse(Problem::invalid_request, "secret: is unknown here; POST it to …/secrets");
  ASSIGN_OR_RETURN(const ClientRecord replaced,
                   store_.replace(client.metadata, client.mark, read_preconditions(request)));
  log_.info("client replaced", {{"client_id", client.metadata.client_id}, {"version", replaced.version}});
  return client_response(200, replaced);
}

Result<http::Response> AdminApi::disable_client(const Request& request) {
  return set_disabled(request, true);
}

Result<http::Response> AdminApi::enable_client(const Request& request) {
  return set_disabled(request, false);
}

Result<http::Response> AdminApi::set_disabled(const Request& request, bool disabled) {
  const std::string& client_id = request.captures.at(0);
  ASSIGN_OR_RETURN(const ClientRecord client,
                   store_.set_disabled(client_id, disabled, read_preconditions(request)));
  log_.info(disabled ? "client disabled" : "client enabled",
            {{"client_id", client_id}, {"version", client.version}});
  return client_response(200, client);
}

Result<http::Response> AdminApi::delete_client(const Request& request) {
  const auto uid = request.query_value("uid");
  const std::string& client_id = request.captures.at(0);
  RETURN_IF_ERROR(store_.remove(client_id, uid.empty() ? std::nullopt : std::optional<std::string>(uid)));
  log_.info("client deleted", {{"client_id", client_id}});
  return http::Response{.status_code = 204};
}

Result<http::Response> AdminApi::add_secret(const Request& request) {
  return store_secret(request, Others::keep);
}

Result<http::Response> AdminApi::replace_secrets(const Request& request) {
  return store_secret(request, Others::end);
}

Result<http::Response> AdminApi::store_secret(const Request& request, Others others) {
  ASSIGN_OR_RETURN(const NewSecret secret, read_new_secret(request));
  const std::string& client_id = request.captures.at(0);
  ASSIGN_OR_RETURN(const auto added,
                   store_.add_secret(client_id, secret, read_preconditions(request), others));
  Json body = write_secret(added.value);
  if (secret.generated && !added.replayed) body["value"] = secret.value.reveal();
  if (!added.replayed)
    log_.info(others == Others::keep ? "secret added" : "secrets replaced",
              {{"client_id", client_id}, {"secret_id", added.value.id}, {"revision", secret.revision}});
  return json_response(added.replayed ? 200 : 201, body);
}

Result<http::Response> AdminApi::list_secrets(const Request& request) {
  ASSIGN_OR_RETURN(const ClientRecord client, require_client(request));
  Json body{{"items", Json::array()}};
  for (const auto& secret : client.secrets) body["items"].push_back(write_secret(secret));
  return json_response(200, body);
}

Result<http::Response> AdminApi::delete_secret(const Request& request) {
  const std::string& client_id = request.captures.at(0);
  const std::string& secret_id = request.captures.at(1);
  RETURN_IF_ERROR(store_.remove_secret(client_id, secret_id, read_preconditions(request)));
  log_.info("secret deleted", {{"client_id", client_id}, {"secret_id", secret_id}});
  return http::Response{.status_code = 204};
}

Result<ClientRecord> AdminApi::require_client(const Request& request) {
  ASSIGN_OR_RETURN(auto client, store_.find(request.captures.at(0)));
  if (!client) return refuse(Problem::not_found, "there is no client " + request.captures.at(0));
  return *std::move(client);
}

}  // namespace apiclient::registry
