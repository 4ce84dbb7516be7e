#include "backend/discovery.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "backend/registry_error.h"
#include "http/uri.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend {
namespace {

constexpr std::chrono::milliseconds kTimeout{10'000};
constexpr std::size_t kLongestMetadata = 256U << 10U;
constexpr std::size_t kLongestUrl = 2048;
constexpr int kNotFound = 404;

/// The issuer's path without a terminating slash.
std::string path_of(std::string_view issuer) {
  const auto parts = http::split_uri(issuer);
  std::string path = parts ? parts->path : std::string();
  if (path.ends_with('/')) path.pop_back();
  return path;
}

/// A URL that consumers may be sent to, else empty.
std::string usable(const json::Reader& reader, std::string_view member, bool secure) {
  std::string url = reader.optional_text(member).value_or("");
  const auto parts = http::split_uri(url);
  const bool bad = !parts || url.size() > kLongestUrl || (secure && parts->scheme != "https");
  return bad ? std::string() : url;
}

Error issuer_mismatch(std::string_view ours, std::string_view theirs) {
  return {.kind = ErrorKind::invalid,
          .message = "the registry says that its issuer is \"" + cleaned(theirs) + "\", not \"" +
                     std::string(ours) + "\"",
          .code = "issuer_mismatch"};
}

/// No `unauthorized` or `forbidden` from here: metadata is public, so such an answer is not the issuer's.
Error error_of(const http::Response& response) {
  Error error{.kind = ErrorKind::protocol,
              .message = "HTTP " + std::to_string(response.status_code) + " instead of the issuer's metadata",
              .status_code = response.status_code};
  if (response.status_code == 429) error.kind = ErrorKind::throttled;
  if (response.status_code >= 500) error.kind = ErrorKind::unavailable;
  const auto asked = http::retry_after_of(response);
  if (error.kind != ErrorKind::protocol && asked.count() > 0) error.retry_after = asked;
  return error;
}

}  // namespace

Result<std::string> origin_of(std::string_view uri) {
  ASSIGN_OR_RETURN(const http::UriParts parts, http::split_uri(uri));
  const bool is_v6 = parts.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + parts.host + "]" : parts.host;
  return parts.scheme + "://" + host + ":" + std::to_string(parts.port);
}

std::optional<std::string> path_at_origin(std::string_view uri, std::string_view origin) {
  const auto own_origin = origin_of(uri);
  const auto parts = http::split_uri(uri);
  if (!own_origin || !parts || *own_origin != origin) return std::nullopt;
  return parts->path.empty() ? "/" : parts->path;
}

std::string oauth_metadata_path(std::string_view issuer) {
  return "/.well-known/oauth-authorization-server" + path_of(issuer);
}

std::string openid_metadata_path(std::string_view issuer) {
  return path_of(issuer) + "/.well-known/openid-configuration";
}

Result<Endpoints> read_metadata(std::string_view body, std::string_view issuer, std::string_view token_url) {
  ASSIGN_OR_RETURN(const Json document, json::parse(body, {.max_bytes = kLongestMetadata}));
  json::Problems ignored;
  const json::Reader reader(document, ignored);
  const auto theirs = reader.optional_text("issuer");
  if (!theirs) return fail(ErrorKind::protocol, "the issuer's metadata names no issuer");
  if (*theirs != issuer) return fail(issuer_mismatch(issuer, *theirs));
  const bool secure = issuer.starts_with("https://");
  Endpoints endpoints{.token = std::string(token_url),
                      .authorization = usable(reader, "authorization_endpoint", secure),
                      .jwks = usable(reader, "jwks_uri", secure),
                      .user_info = usable(reader, "userinfo_endpoint", secure),
                      .registration = usable(reader, "registration_endpoint", secure)};
  if (endpoints.token.empty()) endpoints.token = usable(reader, "token_endpoint", secure);
  if (endpoints.token.empty()) {
    return fail(ErrorKind::protocol, "the issuer's metadata names no usable token_endpoint");
  }
  return endpoints;
}

Discovery::Discovery(http::Transport& transport, std::string issuer, std::string token_url)
    : transport_(transport), issuer_(std::move(issuer)), token_url_(std::move(token_url)) {}

Result<http::Response> Discovery::get(std::string path, const std::stop_token& stop) {
  return transport_.send(
      {.path = std::move(path), .headers = {{"Accept", "application/json"}}, .timeout = kTimeout}, stop);
}

Result<Endpoints> Discovery::fetch(const std::stop_token& stop) {
  auto response = get(oauth_metadata_path(issuer_), stop);
  if (response && response->status_code == kNotFound) response = get(openid_metadata_path(issuer_), stop);
  if (!response) return fail(std::move(response).error().in("discover issuer"));
  if (response->status_code != 200) return fail(error_of(*response).in("discover issuer"));
  auto endpoints = read_metadata(response->body, issuer_, token_url_);
  if (!endpoints) return fail(std::move(endpoints).error().in("discover issuer"));
  *found_.lock() = *endpoints;
  return endpoints;
}

Result<std::string> Discovery::token_endpoint(const std::stop_token& stop) {
  if (!token_url_.empty()) return token_url_;
  return endpoints(stop).transform([](Endpoints&& found) { return std::move(found.token); });
}

Result<Endpoints> Discovery::endpoints(const std::stop_token& stop) {
  if (auto found = found_.copy()) return std::move(*found);
  return fetch(stop);
}

}  // namespace apiclient::backend
