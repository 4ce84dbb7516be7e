#include "backend/authenticating_transport.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "json/json.h"

namespace apiclient::backend {
namespace {

constexpr int kUnauthorized = 401;
constexpr std::size_t kLongestProblem = 64U << 10U;

bool repeats_any(const std::string& text, const std::vector<SharedSecret>& secrets) {
  return std::ranges::any_of(secrets, [&](const SharedSecret& secret) {
    return !secret->empty() && text.find(secret->reveal()) != std::string::npos;
  });
}

/// Only members of a JSON object ever get into a message, so only those matter.
void drop_repeated(http::Response& response, const std::vector<SharedSecret>& secrets) {
  if (response.ok() || !repeats_any(response.body, secrets)) return;
  auto document = json::parse(response.body, {.max_bytes = kLongestProblem, .max_depth = 8});
  wipe(response.body);
  response.body.clear();
  if (!document || !document->is_object()) return;
  for (auto member = document->begin(); member != document->end();) {
    member = repeats_any(json::dump(*member), secrets) ? document->erase(member) : std::next(member);
  }
  response.body = json::dump(*document);
}

}  // namespace

Result<http::Response> AuthenticatingTransport::send(const http::Request& request, std::stop_token stop) {
  ASSIGN_OR_RETURN(Authorization authorization, authenticator_.authorize(stop));
  auto response = send_as(authorization, request, stop);
  const bool refused = response && response->status_code == kUnauthorized;
  if (!refused || !authenticator_.refused(authorization)) return response;
  // 401: nothing was done, so any method may be sent again.
  ASSIGN_OR_RETURN(authorization, authenticator_.authorize(stop));
  return send_as(authorization, request, stop);
}

Result<http::Response> AuthenticatingTransport::send_as(const Authorization& authorization,
                                                        const http::Request& request,
                                                        const std::stop_token& stop) {
  if (!authorization.header) return inner_.send(request, stop);
  http::Request authorized = request;
  std::string& header = authorized.headers["Authorization"];
  header = authorization.header->reveal();
  auto response = inner_.send(authorized, stop);
  wipe(header);
  wipe(authorized.body);
  if (response) drop_repeated(*response, authorization.secrets);
  return response;
}

Result<http::Response> AuthenticatingTransport::stream(const http::Request& request, const OnChunk& on_chunk,
                                                       std::stop_token stop) {
  return inner_.stream(request, on_chunk, std::move(stop));
}

}  // namespace apiclient::backend
