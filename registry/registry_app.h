#pragma once
// The whole registry: owns every part, starts and stops them in order.

#include <atomic>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/server.h"
#include "registry/admin_api.h"
#include "registry/admin_token.h"
#include "registry/client_authenticator.h"
#include "registry/client_store.h"
#include "registry/database.h"
#include "registry/introspection_endpoint.h"
#include "registry/key_file.h"
#include "registry/last_used_recorder.h"
#include "registry/options.h"
#include "registry/registry_metrics.h"
#include "registry/revocation_endpoint.h"
#include "registry/secret_hasher.h"
#include "registry/signing_keys.h"
#include "registry/token_endpoint.h"
#include "registry/token_lifetimes.h"

namespace apiclient::registry {

class RegistryApp {
 public:
  /// Opens files, database and ports; serves after `start`.
  static Result<std::unique_ptr<RegistryApp>> make(const Options& options);
  RegistryApp(const RegistryApp&) = delete;
  RegistryApp& operator=(const RegistryApp&) = delete;
  ~RegistryApp() { stop(); }

  void start();
  /// Not ready → no new requests, running ones finish → last-used times are written → probes end.
  void stop();

 private:
  struct Foundation {
    std::unique_ptr<AdminToken> admin_token;
    std::unique_ptr<Database> database;
    std::unique_ptr<TokenLifetimes> lifetimes;
    std::unique_ptr<SigningKeys> signing_keys;
    Secret hash_key;
  };
  RegistryApp(const Options& options, std::unique_ptr<SystemClock> clock, Foundation foundation);
  static Result<Foundation> lay_foundation(const Options& options, const Clock& clock);
  Result<void> bind(const Options& options);
  [[nodiscard]] std::vector<http::Route> public_routes(const std::string& issuer);
  [[nodiscard]] std::vector<http::Route> probe_routes();
  [[nodiscard]] http::Response readiness();

  // In start order; destruction is stop order.
  const std::unique_ptr<SystemClock> clock_owner_;
  const SystemClock& clock_ = *clock_owner_;
  const telemetry::Log log_;
  const std::unique_ptr<AdminToken> admin_token_;
  const std::unique_ptr<Database> database_;
  const std::unique_ptr<TokenLifetimes> lifetimes_;
  const std::unique_ptr<SigningKeys> signing_keys_;
  const SecretHasher hasher_;
  RegistryMetrics metrics_;
  ClientStore store_;
  LastUsedRecorder last_used_;
  AdminApi admin_api_;
  KeySetCache key_sets_;
  UsedAssertions used_assertions_;
  const AssertionVerifier assertions_;
  ClientAuthenticator authenticator_;
  const TokenEndpoint token_endpoint_;
  RevokedTokens revoked_tokens_;
  const IntrospectionEndpoint introspection_endpoint_;
  const RevocationEndpoint revocation_endpoint_;
  std::atomic<bool> ready_ = false;
  std::unique_ptr<http::Server> probe_server_;
  std::unique_ptr<http::Server> admin_server_;
  std::unique_ptr<http::Server> public_server_;
};

/// Serves until SIGTERM or SIGINT; the program's exit code. Call before any thread exists.
int run_registry(const Options& options);

}  // namespace apiclient::registry
