#include "backend/token_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "base/encoding.h"
#include "http/uri.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend {
namespace {

constexpr std::size_t kLongestAnswer = 256U << 10U;
constexpr std::string_view kId = "&client_id=";
constexpr std::string_view kSecret = "&client_secret=";

std::string grant_of(const ClientSettings& settings) {
  const bool for_itself =
      std::ranges::find(settings.grant_types, "client_credentials") != settings.grant_types.end();
  return for_itself ? "grant_type=client_credentials" : "grant_type=refresh_token&refresh_token=never-issued";
}

std::string basic_credentials(std::string_view id, std::string_view secret) {
  std::string encoded = http::form_encode(secret);
  std::string pair;
  const std::string name = http::form_encode(id);
  pair.reserve(name.size() + 1 + encoded.size());
  pair.append(name).append(":").append(encoded);
  std::string base64 = base64_encode(pair);
  std::string value;
  value.reserve(std::string_view("Basic ").size() + base64.size());
  value.append("Basic ").append(base64);
  wipe(encoded);
  wipe(pair);
  wipe(base64);
  return value;
}

void append_credentials(std::string& body, std::string_view id, std::string_view secret) {
  std::string encoded = http::form_encode(secret);
  const std::string name = http::form_encode(id);
  // One allocation: growing would leave copies behind.
  body.reserve(body.size() + kId.size() + name.size() + kSecret.size() + encoded.size());
  body.append(kId).append(name).append(kSecret).append(encoded);
  wipe(encoded);
}

}  // namespace

Result<http::Request> make_token_request(const ClientSettings& settings, const Secret& secret,
                                         std::string_view path) {
  http::Request request{
      .method = http::Method::post,
      .path = std::string(path),
      .headers = {{"Accept", "application/json"}, {"Content-Type", "application/x-www-form-urlencoded"}},
      .body = grant_of(settings)};
  if (settings.token_endpoint_auth_method == "client_secret_basic") {
    request.headers["Authorization"] = basic_credentials(settings.client_id, secret.reveal());
    return request;
  }
  if (settings.token_endpoint_auth_method == "client_secret_post") {
    append_credentials(request.body, settings.client_id, secret.reveal());
    return request;
  }
  return fail(ErrorKind::invalid, "the client's authentication method uses no secret");
}

void wipe_token_request(http::Request& request) {
  wipe(request.headers["Authorization"]);
  wipe(request.body);
}

Verdict verdict_of(const http::Response& response) {
  const auto document = json::parse(response.body, {.max_bytes = kLongestAnswer, .max_depth = 16});
  if (!document) return Verdict::unknown;
  json::Problems ignored;
  const json::Reader reader(*document, ignored);
  if (response.status_code == 200) {
    return reader.optional_text("access_token").value_or("").empty() ? Verdict::unknown : Verdict::accepted;
  }
  if (response.status_code != 400 && response.status_code != 401) return Verdict::unknown;
  const std::string error = reader.optional_text("error").value_or("");
  // Who is not authenticated gets 401 (RFC 6749 §5.2); Keycloak calls a wrong secret "unauthorized_client".
  const bool refused = response.status_code == 401 && error == "unauthorized_client";
  if (error == "invalid_client" || refused) return Verdict::rejected;
  const bool authenticated =
      error == "invalid_grant" || error == "unauthorized_client" || error == "unsupported_grant_type";
  return authenticated ? Verdict::accepted : Verdict::unknown;
}

}  // namespace apiclient::backend
