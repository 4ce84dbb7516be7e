#include "registry/metadata_document.h"

#include <nlohmann/json.hpp>

#include "http/uri.h"
#include "json/json.h"

namespace apiclient::registry {

Result<void> check_issuer(const std::string& issuer) {
  const auto parts = http::split_uri(issuer);
  if (!parts) return fail(ErrorKind::invalid, "issuer: must be an http or https URI");
  if (issuer.find_first_of("?#") != std::string::npos)
    return fail(ErrorKind::invalid, "issuer: must have no query and no fragment (RFC 8414 §2)");
  if (issuer.ends_with('/')) return fail(ErrorKind::invalid, "issuer: must not end with a slash");
  return {};
}

std::string issuer_path(const std::string& issuer) {
  const auto parts = http::split_uri(issuer);
  return parts ? parts->path : "";
}

std::string authorization_server_metadata(const std::string& issuer) {
  return json::dump(Json{
      {"issuer", issuer},
      {"token_endpoint", issuer + "/oauth2/token"},
      {"jwks_uri", issuer + "/.well-known/jwks.json"},
      {"response_types_supported", Json::array()},
      {"grant_types_supported", {"client_credentials"}},
      {"token_endpoint_auth_methods_supported", {"client_secret_basic", "client_secret_post"}},
  });
}

}  // namespace apiclient::registry
