#include "registry/key_set_fetcher.h"

#include <nlohmann/json.hpp>
#include <stop_token>

#include "http/cpprest_transport.h"
#include "http/uri.h"
#include "json/json.h"
#include "registry/client_rules.h"

namespace apiclient::registry {
namespace {

constexpr std::size_t kMaxBytes = 64U << 10U;
constexpr std::chrono::milliseconds kTimeout{2'000};
constexpr std::size_t kMaxDepth = 8;

}  // namespace

Result<std::string> fetch_key_set(const std::string& uri) {
  if (!is_key_set_uri(uri)) return fail(ErrorKind::invalid, "jwks_uri is neither https nor on loopback");
  ASSIGN_OR_RETURN(const auto parts, http::split_uri(uri));
  ASSIGN_OR_RETURN(const auto transport,
                   http::make_cpprest_transport(
                       {.base_uri = parts.scheme + "://" + parts.host + ":" + std::to_string(parts.port),
                        .user_agent = "apiclient-registry",
                        .max_body_bytes = kMaxBytes}));
  const http::Request request{.path = parts.path.starts_with('/') ? parts.path : "/" + parts.path,
                              .headers = {{"Accept", "application/jwk-set+json, application/json"}},
                              .timeout = kTimeout};
  ASSIGN_OR_RETURN(const auto response, transport->send(request, {}));
  if (response.status_code != 200)
    return fail(ErrorKind::unavailable, "jwks_uri answered " + std::to_string(response.status_code));
  ASSIGN_OR_RETURN(const Json set,
                   json::parse(response.body, {.max_bytes = kMaxBytes, .max_depth = kMaxDepth}));
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array())
    return fail(ErrorKind::protocol, "jwks_uri has no JWK Set (RFC 7517 §5)");
  return json::dump(set);
}

}  // namespace apiclient::registry
