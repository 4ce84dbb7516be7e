#include "backend/registry_connection.h"

#include <algorithm>
#include <utility>

#include "backend/discovery.h"
#include "backend/embedded_backend.h"
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

/// Makes the fenced transports of one registry.
struct TransportMaker {
  TlsSettings tls;
  std::string admin_host;
  std::function<bool()> may_write;

  Result<std::unique_ptr<http::Transport>> operator()(const std::string& base_uri) const {
    ASSIGN_OR_RETURN(const http::UriParts parts, http::split_uri(base_uri));
    http::TransportOptions options{.base_uri = base_uri, .max_body_bytes = kLongestAnswer};
    // The name belongs to the server that a person configured; the issuer may live on another host.
    options.tls = {.ca_pem = tls.ca_pem,
                   .certificate_pem = tls.certificate_pem,
                   .key_pem = tls.key_pem,
                   .server_name = parts.host == admin_host ? tls.server_name : std::string(),
                   .insecure_skip_verify = tls.insecure_skip_verify};
    ASSIGN_OR_RETURN(auto transport, http::make_cpprest_transport(std::move(options)));
    return std::make_unique<FencedServer>(std::move(transport), may_write);
  }
};

class Connection final : public RegistryConnection {
 public:
  struct Transports {
    std::unique_ptr<http::Transport> admin;
    std::unique_ptr<http::Transport> issuer;
  };

  Connection(ConnectionConfig config, Transports transports, TransportMaker maker,
             telemetry::Metrics& metrics)
      : transports_(std::move(transports)),
        admin_reads_(*transports_.admin),
        issuer_reads_(*transports_.issuer),
        discovery_(issuer_reads_, std::move(config.issuer), std::move(config.token_url)),
        backend_(make_embedded_backend(config.name, std::move(config.auth.token),
                                       {.reads = admin_reads_,
                                        .writes = *transports_.admin,
                                        .discovery = discovery_,
                                        .metrics = metrics})),
        verifier_(make_token_verifier({.registry = config.name}, discovery_, std::move(maker), metrics)) {}

  Backend& backend() override { return *backend_; }
  CredentialVerifier& verifier() override { return *verifier_; }

 private:
  Transports transports_;
  http::RetryingTransport admin_reads_;
  http::RetryingTransport issuer_reads_;
  Discovery discovery_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<CredentialVerifier> verifier_;
};

/// What a header can carry (RFC 9110 §5.5), without spaces.
bool is_visible(char letter) { return letter > 0x20 && letter < 0x7f; }

/// Files often end with a line break that nobody meant to be part of the token.
Result<std::shared_ptr<const Secret>> usable_token(const std::shared_ptr<const Secret>& token) {
  std::string_view text = token ? token->reveal() : std::string_view();
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return fail(ErrorKind::invalid, "the registry's bearer token is empty");
  if (!std::ranges::all_of(text, is_visible)) {
    return fail(ErrorKind::invalid, "the registry's bearer token holds characters that no header can carry");
  }
  return std::make_shared<const Secret>(text);
}

Result<http::UriParts> check_url(std::string_view field, std::string_view url) {
  auto parts = http::split_uri(url);
  if (!parts) return fail(std::move(parts).error().in(field));
  return parts;
}

}  // namespace

std::string_view to_string(RegistryKind kind) {
  switch (kind) {
    case RegistryKind::embedded: return "embedded";
  }
  return "embedded";
}

Result<std::unique_ptr<RegistryConnection>> make_registry_connection(ConnectionConfig config,
                                                                     std::function<bool()> may_write,
                                                                     telemetry::Metrics& metrics) {
  ASSIGN_OR_RETURN(http::UriParts admin, check_url("adminUrl", config.admin_url));
  RETURN_IF_ERROR(check_url("issuer", config.issuer));
  if (!config.token_url.empty()) RETURN_IF_ERROR(check_url("tokenUrl", config.token_url));
  ASSIGN_OR_RETURN(config.auth.token, usable_token(config.auth.token));
  while (config.admin_url.ends_with('/')) config.admin_url.pop_back();

  TransportMaker maker{
      .tls = config.tls, .admin_host = std::move(admin.host), .may_write = std::move(may_write)};
  Connection::Transports transports;
  ASSIGN_OR_RETURN(transports.admin, maker(config.admin_url));
  ASSIGN_OR_RETURN(const std::string origin, origin_of(config.issuer));
  ASSIGN_OR_RETURN(transports.issuer, maker(origin));
  return std::make_unique<Connection>(std::move(config), std::move(transports), std::move(maker), metrics);
}

}  // namespace apiclient::backend
