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
  const Json methods{"client_secret_basic", "client_secret_post", "private_key_jwt"};
  const Json algorithms{"ES256", "RS256", "PS256"};
  Json document{{"issuer", issuer},
                {"token_endpoint", issuer + "/oauth2/token"},
                {"introspection_endpoint", issuer + "/oauth2/introspect"},
                {"revocation_endpoint", issuer + "/oauth2/revoke"},
                {"jwks_uri", issuer + "/.well-known/jwks.json"},
                {"response_types_supported", Json::array()},
                {"grant_types_supported", Json::array({"client_credentials"})}};
  for (const std::string endpoint : {"token_endpoint", "introspection_endpoint", "revocation_endpoint"}) {
    document[endpoint + "_auth_methods_supported"] = methods;
    document[endpoint + "_auth_signing_alg_values_supported"] = algorithms;
  }
  return json::dump(document);
}

}  // namespace apiclient::registry
