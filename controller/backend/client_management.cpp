#include "backend/client_management.h"

#include <array>
#include <utility>

#include "backend/discovery.h"
#include "backend/registry_error.h"
#include "http/message.h"

namespace apiclient::backend::registration {
namespace {

std::string bearer(const Secret& token) { return "Bearer " + std::string(token.reveal()); }

}  // namespace

Result<http::Response> send(http::Transport& transport, http::Request request,
                            std::chrono::milliseconds timeout, const std::stop_token& stop) {
  request.timeout = timeout;
  request.headers["Accept"] = "application/json";
  auto response = transport.send(request, stop);
  if (const auto header = request.headers.find("Authorization"); header != request.headers.end()) {
    wipe(header->second);
  }
  return response;
}

Result<http::Response> ClientManagement::call(const RegistrationRecord& record, http::Method method,
                                              std::string body, std::chrono::milliseconds timeout,
                                              const std::stop_token& stop) {
  const auto path = path_at_origin(record.management_uri, origin_);
  if (!path) {
    return fail(Error{.kind = ErrorKind::invalid,
                      .message = "the client was registered at another origin than " + origin_ +
                                 "; let spec.dynamicRegistration lead there again",
                      .code = "no_management"});
  }
  http::Request request{.method = method, .path = *path, .body = std::move(body)};
  request.headers["Authorization"] = bearer(record.access_token);
  if (!request.body.empty()) request.headers["Content-Type"] = "application/json";
  return send(transport_, std::move(request), timeout, stop);
}

void ClientManagement::take(RegistrationRecord& record, const Answer& answer) const {
  const bool usable = path_at_origin(answer.management_uri, origin_).has_value() &&
                      !answer.access_token.empty() &&
                      http::is_valid_header("Authorization", bearer(answer.access_token));
  if (!usable) return;
  record.management_uri = answer.management_uri;
  record.access_token = answer.access_token.clone();
}

bool ClientManagement::renew(RegistrationRecord& record, const Answer& answer) const {
  RegistrationRecord renewed;
  take(renewed, answer);
  if (renewed.management_uri.empty()) return false;
  if (renewed.access_token == record.access_token && renewed.management_uri == record.management_uri)
    return false;
  record.access_token = std::move(renewed.access_token);
  record.management_uri = std::move(renewed.management_uri);
  return true;
}

bool is_unmanaged(const http::Response& response) {
  return response.status_code == 403 || response.status_code == 405 || response.status_code == 501;
}

Error refusal_of(const http::Response& response, const RegistrationRecord& record) {
  const std::array secrets{record.access_token.reveal()};
  return oauth_error_from(response, secrets);
}

/// The URL may lead to something else that speaks JSON.
Result<Answer> read_same_client(http::Response& response, const std::string& client_id,
                                const ClientSettings& requested) {
  auto answer = read_answer(response.body, requested);
  wipe(response.body);
  if (answer && answer->settings.client_id != client_id) {
    return fail(ErrorKind::protocol, "the answer is about another client");
  }
  return answer;
}

}  // namespace apiclient::backend::registration
