#pragma once
// A connection to one registry: its backend and verifier with the transports under them. Everything that is
// sent passes one circuit breaker and one rate limit (request_governor.h). Thread-safe.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backend/authenticator.h"
#include "backend/backend.h"
#include "backend/credential_verifier.h"
#include "backend/host_list.h"
#include "backend/rate_limiter.h"
#include "backend/registration_store.h"
#include "telemetry/metrics.h"

namespace apiclient::backend {

enum class RegistryKind { embedded, hydra, keycloak, dynamic_registration };
/// As the member of a registry's spec is called.
std::string_view to_string(RegistryKind kind);
/// Empty: none that there is a backend for.
std::optional<RegistryKind> read_registry_kind(std::string_view name);

struct TlsSettings {
  std::string ca_pem = {};           ///< empty: the system's roots
  std::string certificate_pem = {};  ///< client certificate; both or neither
  std::shared_ptr<const Secret> key_pem = {};
  std::string server_name = {};
  bool insecure_skip_verify = false;
};

struct ConnectionConfig {
  std::string name;  ///< of the registry object: label of metrics
  RegistryKind kind = RegistryKind::embedded;
  /// Of Keycloak: of the realm's admin resources. Of dynamic registration: its endpoint; empty: the issuer's
  /// metadata names it.
  std::string admin_url;
  std::string issuer;
  std::string token_url = {};  ///< given by a person; else discovered
  RegistryAuth auth = {};
  TlsSettings tls = {};
  RateLimit limit = {};
  /// Where anything may be sent to; null: everywhere.
  std::shared_ptr<const HostList> hosts = {};
  /// Of dynamic registration, and needed there.
  std::shared_ptr<RegistrationStore> registrations = {};
};

class RegistryConnection {
 public:
  RegistryConnection() = default;
  RegistryConnection(const RegistryConnection&) = delete;
  RegistryConnection& operator=(const RegistryConnection&) = delete;
  virtual ~RegistryConnection() = default;

  /// Backend::probe, and the only call that is sent while the circuit is open; its outcome opens or closes
  /// it.
  virtual Result<RegistryInfo> probe(std::stop_token stop) = 0;
  virtual Backend& backend() = 0;
  virtual CredentialVerifier& verifier() = 0;
  /// Nothing but probes is sent: the registry has failed several times in a row.
  [[nodiscard]] virtual bool circuit_open() const = 0;
};

/// `may_write` is asked before every request that is not a GET (the lease check). Errors: invalid (a URL or a
/// certificate cannot be used), kHostNotAllowedCode; nothing is sent yet.
Result<std::unique_ptr<RegistryConnection>> make_registry_connection(ConnectionConfig config,
                                                                     std::function<bool()> may_write,
                                                                     telemetry::Metrics& metrics);

}  // namespace apiclient::backend
