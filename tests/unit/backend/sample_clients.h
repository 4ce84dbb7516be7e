#pragma once
// Clients as the tests of this folder use them.

#include <string>

#include "backend/client.h"

namespace apiclient::test {

inline const std::string kValue = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";  // 43 characters

inline backend::ClientSettings a_machine_client() {
  return {.client_id = "acme_team-a_invoices",
          .client_name = "Invoice exporter",
          .type = backend::ClientType::machine,
          .grant_types = {"client_credentials"},
          .scopes = {"invoices.read", "invoices.write"},
          .token_endpoint_auth_method = "client_secret_basic",
          .require_consent = false};
}

inline backend::ClientSettings a_full_client() {
  using std::chrono::seconds;
  return {.client_id = "acme_team-a_shop",
          .client_name = "Shop \"Øst\"",
          .type = backend::ClientType::web,
          .grant_types = {"authorization_code", "refresh_token"},
          .redirect_uris = {"https://a.example/cb", "https://b.example/cb"},
          .post_logout_redirect_uris = {"https://a.example/bye"},
          .allowed_cors_origins = {"https://a.example"},
          .scopes = {"offline", "openid"},
          .audiences = {"https://api.example"},
          .token_endpoint_auth_method = "private_key_jwt",
          .require_consent = true,
          .access_token_lifetime = seconds(900),
          .refresh_token_lifetime = seconds(86'400),
          .id_token_lifetime = seconds(600),
          .contacts = {"shop@example.com"},
          .client_uri = "https://a.example",
          .logo_uri = "https://a.example/logo.png",
          .policy_uri = "https://a.example/policy",
          .tos_uri = "https://a.example/tos",
          .jwks_uri = "",
          .jwks = R"({"keys":[{"kid":"1","kty":"EC"}]})",
          .parameters = {{"software_id", "shop"}, {"tier", "gold"}}};
}

inline backend::OwnershipMark a_mark() {
  return {.installation_id = "inst-1",
          .namespace_name = "team-a",
          .name = "invoices",
          .uid = "uid-1",
          .revision = 1};
}

}  // namespace apiclient::test
