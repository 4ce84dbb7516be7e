#include "backend/registry_connection.h"

#include <algorithm>
#include <utility>

#include "backend/authenticating_transport.h"
#include "backend/client_credentials.h"
#include "backend/discovery.h"
#include "backend/embedded_backend.h"
#include "backend/hydra_backend.h"
#include "backend/keycloak_backend.h"
#include "backend/registration_backend.h"
#include "backend/request_governor.h"
#include "backend/token_verifier.h"
#include "http/cpprest_transport.h"
#include "http/fenced_transport.h"
#include "http/retrying_transport.h"
#include "http/uri.h"

namespace apiclient::backend {
namespace {

constexpr std::size_t kLongestAnswer = 4U << 20U;

/// A transport that owns what it fences.
class FencedServer final : public http::Transport {
 public:
  FencedServer(std::unique_ptr<http::Transport> inner, std::function<bool()> may_write)
      : inner_(std::move(inner)), fence_(*inner_, std::move(may_write)) {}

  Result<http::Response> send(const http::Request& request, std::stop_token stop) override {
    return fence_.send(request, std::move(stop));
  }
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override {
    return fence_.stream(request, on_chunk, std::move(stop));
  }

 private:
  std::unique_ptr<http::Transport> inner_;
  http::FencedTransport fence_;
};

/// Makes the fenced transports of one registry, all of them: no other way leads to a host.
struct TransportMaker {
  TlsSettings tls;
  std::string admin_host;
  std::size_t max_in_flight;
  std::function<bool()> may_write;
  std::shared_ptr<const HostList> hosts;

  Result<std::unique_ptr<http::Transport>> operator()(const std::string& base_uri) const {
    ASSIGN_OR_RETURN(const http::UriParts parts, http::split_uri(base_uri));
    http::TransportOptions options{
        .base_uri = base_uri, .max_in_flight = max_in_flight, .max_body_bytes = kLongestAnswer};
    // The name belongs to the server that a person configured; the issuer may live on another host. Without
    // TLS it would be nothing but a wrong Host header, which some servers build the URLs in their answers
    // from.
    const bool named = parts.scheme == "https" && parts.host == admin_host;
    if (hosts) {
      RETURN_IF_ERROR(hosts->check(base_uri));
      // It becomes the Host header too, by which one address serves many hosts.
      if (named && !tls.server_name.empty()) RETURN_IF_ERROR(hosts->check_name(base_uri, tls.server_name));
    }
    options.tls = {.ca_pem = tls.ca_pem,
                   .certificate_pem = tls.certificate_pem,
                   .key_pem = tls.key_pem,
                   .server_name = named ? tls.server_name : std::string(),
                   .insecure_skip_verify = tls.insecure_skip_verify};
    ASSIGN_OR_RETURN(auto transport, http::make_cpprest_transport(std::move(options)));
    return std::make_unique<FencedServer>(std::move(transport), may_write);
  }
};

/// A transport that owns what it governs.
class GovernedServer final : public http::Transport {
 public:
  GovernedServer(std::unique_ptr<http::Transport> inner, RequestGovernor& governor, Caller caller)
      : inner_(std::move(inner)), governed_(*inner_, governor, caller) {}

  Result<http::Response> send(const http::Request& request, std::stop_token stop) override {
    return governed_.send(request, std::move(stop));
  }
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override {
    return governed_.stream(request, on_chunk, std::move(stop));
  }

 private:
  std::unique_ptr<http::Transport> inner_;
  GovernedTransport governed_;
};

/// Where the admin side of a registry is.
struct AdminSide {
  std::string base_uri = {};  ///< of its transports
  std::string host = {};
  std::string registration_path = {};  ///< of dynamic registration; empty: not known yet
};

/// One way to the admin API: as a client of it, which the circuit breaker may stop, or as a probe.
struct AdminLine {
  AdminLine(http::Transport& inner, RequestGovernor& governor, Caller caller)
      : writes(inner, governor, caller), reads(writes) {}
  GovernedTransport writes;
  http::RetryingTransport reads;
};

class Connection final : public RegistryConnection {
 public:
  struct Transports {
    std::unique_ptr<http::Transport> admin;
    std::unique_ptr<http::Transport> issuer;
  };

  Connection(ConnectionConfig config, AdminSide admin_side, Transports transports, TransportMaker maker,
             telemetry::Metrics& metrics)
      : hosts_(maker.hosts),
        admin_side_(std::move(admin_side)),
        registrations_(std::move(config.registrations)),
        transports_(std::move(transports)),
        governor_(config.limit, clock_),
        management_(*transports_.admin, governor_, Caller::client),
        metadata_(*transports_.issuer, governor_, Caller::probe),
        discovery_(metadata_.reads, std::move(config.issuer), std::move(config.token_url)),
        verifier_(make_token_verifier({.registry = config.name}, discovery_,
                                      governed(std::move(maker), Caller::client), metrics)) {}

  /// The second half of construction: what can fail.
  Result<void> open(const ConnectionConfig& config, TransportMaker maker, telemetry::Metrics& metrics) {
    if (const auto* client = std::get_if<ClientCredentialsAuth>(&config.auth)) {
      ASSIGN_OR_RETURN(
          authenticator_,
          make_client_credentials(*client, {.discovery = discovery_,
                                            .make_transport = governed(std::move(maker), Caller::probe),
                                            .clock = clock_}));
    } else {
      ASSIGN_OR_RETURN(authenticator_, make_fixed_authenticator(config.auth));
    }
    admin_ = std::make_unique<AuthenticatingTransport>(*transports_.admin, *authenticator_);
    calls_ = std::make_unique<AdminLine>(*admin_, governor_, Caller::client);
    probes_ = std::make_unique<AdminLine>(*admin_, governor_, Caller::probe);
    backend_ = make_backend(config, *calls_, metrics);
    prober_ = make_backend(config, *probes_, metrics);
    return {};
  }

  Result<RegistryInfo> probe(std::stop_token stop) override {
    auto info = prober_->probe(std::move(stop)).and_then([this](RegistryInfo&& found) {
      return check_endpoints(std::move(found));
    });
    info ? governor_.probe_succeeded() : governor_.probe_failed(info.error());
    return info;
  }
  Backend& backend() override { return *backend_; }
  CredentialVerifier& verifier() override { return *verifier_; }
  [[nodiscard]] bool circuit_open() const override { return governor_.circuit_open(); }

 private:
  std::unique_ptr<Backend> make_backend(const ConnectionConfig& config, AdminLine& line,
                                        telemetry::Metrics& metrics) {
    switch (config.kind) {
      case RegistryKind::embedded:
        return make_embedded_backend(
            config.name,
            {.reads = line.reads, .writes = line.writes, .discovery = discovery_, .metrics = metrics});
      case RegistryKind::hydra:
        return make_hydra_backend(config.name, {.reads = line.reads,
                                                .writes = line.writes,
                                                .discovery = discovery_,
                                                .clock = clock_,
                                                .metrics = metrics});
      case RegistryKind::keycloak:
        return make_keycloak_backend(config.name, {.reads = line.reads,
                                                   .writes = line.writes,
                                                   .discovery = discovery_,
                                                   .clock = clock_,
                                                   .metrics = metrics});
      case RegistryKind::dynamic_registration:
        return make_registration_backend(
            config.name, {.endpoint = {.probes = line.reads,
                                       .registrations = line.writes,
                                       .discovery = discovery_,
                                       .origin = admin_side_.base_uri,
                                       .path = admin_side_.registration_path,
                                       .token_url = config.token_url,
                                       .has_credentials = !std::holds_alternative<NoAuth>(config.auth)},
                          .management = management_,
                          .store = *registrations_,
                          .clock = clock_,
                          .metrics = metrics});
    }
    return nullptr;
  }

  /// What a server's metadata leads to is known only now; it is refused before anybody needs it.
  [[nodiscard]] Result<RegistryInfo> check_endpoints(RegistryInfo info) const {
    if (!hosts_ || info.endpoints.token.empty()) return info;
    auto allowed = hosts_->check(info.endpoints.token);
    if (!allowed) return fail(std::move(allowed).error().in("token endpoint of the issuer's metadata"));
    return info;
  }

  MakeTransport governed(TransportMaker maker, Caller caller) {
    return [this, maker = std::move(maker),
            caller](const std::string& origin) -> Result<std::unique_ptr<http::Transport>> {
      ASSIGN_OR_RETURN(auto transport, maker(origin));
      return std::make_unique<GovernedServer>(std::move(transport), governor_, caller);
    };
  }

  const SystemClock clock_;
  const std::shared_ptr<const HostList> hosts_;
  const AdminSide admin_side_;
  const std::shared_ptr<RegistrationStore> registrations_;
  Transports transports_;
  RequestGovernor governor_;
  GovernedTransport management_;  ///< without our credentials: a client is managed with its own token
  AdminLine metadata_;
  Discovery discovery_;
  std::unique_ptr<CredentialVerifier> verifier_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<AuthenticatingTransport> admin_;
  std::unique_ptr<AdminLine> calls_;
  std::unique_ptr<AdminLine> probes_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Backend> prober_;
};

Result<http::UriParts> check_url(std::string_view field, std::string_view url) {
  auto parts = http::split_uri(url);
  if (!parts) return fail(std::move(parts).error().in(field));
  return parts;
}

/// An admin API has a base URL, below which its paths are; a registration endpoint is one URL, beside which
/// clients are managed at URLs that the server makes.
Result<AdminSide> admin_side_of(const ConnectionConfig& config) {
  if (config.kind != RegistryKind::dynamic_registration) {
    ASSIGN_OR_RETURN(http::UriParts parts, check_url("adminUrl", config.admin_url));
    AdminSide side{.base_uri = config.admin_url, .host = std::move(parts.host)};
    while (side.base_uri.ends_with('/')) side.base_uri.pop_back();
    return side;
  }
  const bool given = !config.admin_url.empty();
  const std::string& url = given ? config.admin_url : config.issuer;
  ASSIGN_OR_RETURN(http::UriParts parts, check_url(given ? "registrationEndpoint" : "issuer", url));
  AdminSide side{.host = std::move(parts.host)};
  ASSIGN_OR_RETURN(side.base_uri, origin_of(url));
  if (given) side.registration_path = parts.path.empty() ? "/" : std::move(parts.path);
  return side;
}

}  // namespace

std::string_view to_string(RegistryKind kind) {
  switch (kind) {
    case RegistryKind::embedded: return "embedded";
    case RegistryKind::hydra: return "hydra";
    case RegistryKind::keycloak: return "keycloak";
    case RegistryKind::dynamic_registration: return "dynamicRegistration";
  }
  return "embedded";
}

std::optional<RegistryKind> read_registry_kind(std::string_view name) {
  for (const RegistryKind kind : {RegistryKind::embedded, RegistryKind::hydra, RegistryKind::keycloak,
                                  RegistryKind::dynamic_registration}) {
    if (to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

Result<std::unique_ptr<RegistryConnection>> make_registry_connection(ConnectionConfig config,
                                                                     std::function<bool()> may_write,
                                                                     telemetry::Metrics& metrics) {
  ASSIGN_OR_RETURN(AdminSide admin, admin_side_of(config));
  RETURN_IF_ERROR(check_url("issuer", config.issuer));
  if (!config.token_url.empty()) RETURN_IF_ERROR(check_url("tokenUrl", config.token_url));

  TransportMaker maker{.tls = config.tls,
                       .admin_host = admin.host,
                       .max_in_flight = std::max(config.limit.max_in_flight, RateLimit().max_in_flight),
                       .may_write = std::move(may_write),
                       .hosts = config.hosts};
  Connection::Transports transports;
  ASSIGN_OR_RETURN(transports.admin, maker(admin.base_uri));
  ASSIGN_OR_RETURN(const std::string origin, origin_of(config.issuer));
  ASSIGN_OR_RETURN(transports.issuer, maker(origin));
  auto connection =
      std::make_unique<Connection>(config, std::move(admin), std::move(transports), maker, metrics);
  RETURN_IF_ERROR(connection->open(config, std::move(maker), metrics));
  return connection;
}

}  // namespace apiclient::backend
