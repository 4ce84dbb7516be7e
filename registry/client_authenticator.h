#pragma once
// Who sent a request to a public endpoint, and is that so? One answer for all of them: a right secret passes
// always; a wrong one is invalid_client, and 429 once too many were wrong (RFC 6749 §2.3, §5.2). Thread-safe.

#include <string>
#include <variant>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/server.h"
#include "registry/assertion_verifier.h"
#include "registry/client_authentication.h"
#include "registry/client_store.h"
#include "registry/failed_attempts.h"
#include "registry/last_used_recorder.h"
#include "registry/oauth_message.h"
#include "registry/registry_metrics.h"
#include "telemetry/log.h"

namespace apiclient::registry {

class ClientAuthenticator {
 public:
  /// Not owned, longer-lived.
  struct Parts {
    ClientStore& store;
    const SecretHasher& hasher;
    LastUsedRecorder& last_used;
    const AssertionVerifier& assertions;
    RegistryMetrics& metrics;
    const Clock& clock;
  };

  explicit ClientAuthenticator(const Parts& parts, FailedAttemptLimits limits = {})
      : parts_(parts), failed_attempts_(FailedAttempts(limits)) {}

  /// The client, or why it is not who it says. Notes the use of its secret.
  std::variant<ClientMetadata, OAuthRefusal> authenticate(const http::ServerRequest& request,
                                                          const Form& form);

 private:
  struct WrongCredentials {};
  using Verdict = std::variant<ClientMetadata, OAuthRefusal, WrongCredentials>;

  [[nodiscard]] Verdict judge(const PresentedClient& presented);
  [[nodiscard]] Verdict judge_secret(const PresentedClient& presented, Authenticable client,
                                     const std::string& hash);
  [[nodiscard]] Verdict judge_assertion(const PresentedClient& presented, Authenticable client);
  [[nodiscard]] OAuthRefusal refuse_wrong(const PresentedClient& presented,
                                          const std::string& remote_address);

  const Parts parts_;
  Guarded<FailedAttempts> failed_attempts_;
  const telemetry::Log log_;
};

}  // namespace apiclient::registry
