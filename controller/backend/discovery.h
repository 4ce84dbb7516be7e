#pragma once
// The issuer's metadata: RFC 8414, else OpenID Connect Discovery. Thread-safe; remembers what it found last.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "backend/capabilities.h"
#include "base/guarded.h"
#include "base/result.h"
#include "http/transport.h"

namespace apiclient::backend {

/// scheme://host:port, without path: the base of a transport. Errors: invalid.
Result<std::string> origin_of(std::string_view uri);
/// Path and query of a URI at this origin; empty for any other: what we send, and the credentials with it, go
/// where a person said and nowhere else.
std::optional<std::string> path_at_origin(std::string_view uri, std::string_view origin);

/// RFC 8414 §3.1: the well-known part stands between the host and the issuer's path.
std::string oauth_metadata_path(std::string_view issuer);
/// OpenID Connect Discovery 1.0 §4.1: it stands behind the path.
std::string openid_metadata_path(std::string_view issuer);

/// Errors: protocol; invalid with code "issuer_mismatch". Endpoints that are no http or https URLs, or that
/// leave https, count as absent. `token_url`, when given, wins; without it a token endpoint must be there.
Result<Endpoints> read_metadata(std::string_view body, std::string_view issuer, std::string_view token_url);

class Discovery {
 public:
  /// `transport` (not owned) has the issuer's origin as its base URI. `token_url`: given by a person, may be
  /// empty.
  Discovery(http::Transport& transport, std::string issuer, std::string token_url);

  /// Asks the issuer. Errors: as read_metadata; unavailable, timeout, throttled, cancelled.
  Result<Endpoints> fetch(const std::stop_token& stop);
  /// The remembered ones, else asks.
  Result<Endpoints> endpoints(const std::stop_token& stop);
  /// The given one, else the remembered one, else asks.
  Result<std::string> token_endpoint(const std::stop_token& stop);

 private:
  Result<http::Response> get(std::string path, const std::stop_token& stop);

  http::Transport& transport_;
  const std::string issuer_;
  const std::string token_url_;
  Guarded<std::optional<Endpoints>> found_;
};

}  // namespace apiclient::backend
