#pragma once
// Does the registry accept this secret? Asked at the token endpoint, as a consumer would. Thread-safe.

#include <stop_token>
#include <string>
#include <vector>

#include "backend/client.h"
#include "base/secret.h"

namespace apiclient::backend {

enum class Verdict {
  accepted,
  rejected,  ///< 401 invalid_client three times within 5 s
  unknown,   ///< no answer, 429, 5xx, or an answer that says nothing about the secret
};

class CredentialVerifier {
 public:
  CredentialVerifier() = default;
  CredentialVerifier(const CredentialVerifier&) = delete;
  CredentialVerifier& operator=(const CredentialVerifier&) = delete;
  virtual ~CredentialVerifier() = default;

  /// `settings` gives the id, the authentication method (client_secret_basic or client_secret_post) and the
  /// grants: with client_credentials a token is requested (and dropped), else a junk refresh token is
  /// offered.
  virtual Verdict verify(const ClientSettings& settings, const Secret& secret, std::stop_token stop) = 0;
};

}  // namespace apiclient::backend
