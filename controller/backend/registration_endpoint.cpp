#include "backend/registration_endpoint.h"

#include <string_view>
#include <utility>

#include "backend/call_deadlines.h"
#include "backend/client_management.h"
#include "backend/registry_error.h"

namespace apiclient::backend {
namespace {

using registration::Answer;
using registration::send;

constexpr int kNotFound = 404;

}  // namespace

Result<Endpoints> RegistrationEndpoint::probe(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(Endpoints endpoints, discover(stop));
  ASSIGN_OR_RETURN(const std::string path, path_of(endpoints));
  RETURN_IF_ERROR(reach(path, stop));
  return endpoints;
}

Result<Endpoints> RegistrationEndpoint::discover(const std::stop_token& stop) {
  auto endpoints = parts_.discovery.fetch(stop);
  const bool no_metadata = !endpoints && endpoints.error().status_code == kNotFound;
  if (!no_metadata || parts_.path.empty() || parts_.token_url.empty()) return endpoints;
  return Endpoints{.token = parts_.token_url};
}

Result<std::string> RegistrationEndpoint::path_of(const Endpoints& endpoints) const {
  if (!parts_.path.empty()) return parts_.path;
  auto path = path_at_origin(endpoints.registration, parts_.origin);
  if (path) return std::move(*path);
  const std::string_view what = endpoints.registration.empty()
                                    ? "names no registration_endpoint"
                                    : "names a registration_endpoint on another host than its own";
  return fail(ErrorKind::invalid,
              "the issuer's metadata " + std::string(what) +
                  "; set spec.dynamicRegistration.registrationEndpoint (and spec.issuer) instead "
                  "of spec.dynamicRegistration.issuer");
}

/// The endpoint only takes POST, so whatever it says to a GET but this shows that it is there.
Result<void> RegistrationEndpoint::reach(const std::string& path, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const http::Response response, send(parts_.probes, {.path = path}, kReadTimeout, stop));
  const int status = response.status_code;
  const bool refused = parts_.has_credentials && (status == 401 || status == 403);
  if (refused || status == 429 || (status >= 500 && status != 501)) return fail(oauth_error_from(response));
  return {};
}

Result<std::string> RegistrationEndpoint::current_path(const std::stop_token& stop) {
  if (!parts_.path.empty()) return parts_.path;
  ASSIGN_OR_RETURN(const Endpoints endpoints, parts_.discovery.endpoints(stop));
  return path_of(endpoints);
}

Result<Answer> RegistrationEndpoint::register_client(const ClientSettings& settings,
                                                     const std::stop_token& stop) {
  ASSIGN_OR_RETURN(std::string body, registration::write_metadata(settings));
  ASSIGN_OR_RETURN(const std::string path, current_path(stop));
  ASSIGN_OR_RETURN(http::Response response, send(parts_.registrations,
                                                 {.method = http::Method::post,
                                                  .path = path,
                                                  .headers = {{"Content-Type", "application/json"}},
                                                  .body = std::move(body)},
                                                 kWriteTimeout, stop));
  if (!response.ok()) return fail(oauth_error_from(response));
  auto answer = registration::read_answer(response.body, settings);
  wipe(response.body);
  return answer;
}

}  // namespace apiclient::backend
