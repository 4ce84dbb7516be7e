#pragma once
// The admin API as routes: /admin/v1/clients and what is below it. Every request needs the admin token, also
// one to an unknown path. `docs/registry-api.md` is the reference. Thread-safe.

#include <functional>
#include <vector>

#include "http/server.h"
#include "registry/admin_token.h"
#include "registry/client_store.h"
#include "registry/request_meter.h"
#include "telemetry/log.h"

namespace apiclient::registry {

class AdminApi {
 public:
  /// References are not owned and live longer, as the API does than its routes.
  AdminApi(ClientStore& store, AdminToken& token) : store_(store), token_(token) {}

  [[nodiscard]] std::vector<http::Route> routes();
  /// What the metrics call the endpoints.
  [[nodiscard]] static EndpointNames endpoint_names();

 private:
  using Request = http::ServerRequest;
  using Endpoint = Result<http::Response> (AdminApi::*)(const Request&);

  [[nodiscard]] http::Response serve(const Request& request,
                                     const std::function<http::Response(const Request&)>& next);

  Result<http::Response> create_client(const Request& request);
  Result<http::Response> list_clients(const Request& request);
  Result<http::Response> get_client(const Request& request);
  Result<http::Response> replace_client(const Request& request);
  Result<http::Response> disable_client(const Request& request);
  Result<http::Response> enable_client(const Request& request);
  Result<http::Response> set_disabled(const Request& request, bool disabled);
  Result<http::Response> delete_client(const Request& request);
  Result<http::Response> add_secret(const Request& request);
  Result<http::Response> replace_secrets(const Request& request);
  Result<http::Response> store_secret(const Request& request, Others others);
  Result<http::Response> list_secrets(const Request& request);
  Result<http::Response> delete_secret(const Request& request);
  Result<ClientRecord> require_client(const Request& request);

  ClientStore& store_;
  AdminToken& token_;
  const telemetry::Log log_;
};

}  // namespace apiclient::registry
