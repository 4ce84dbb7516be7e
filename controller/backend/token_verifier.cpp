#include "backend/token_verifier.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "backend/token_request.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "http/uri.h"

namespace apiclient::backend {
namespace {

/// False when `stop` came first.
bool pause(std::chrono::milliseconds length, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  std::unique_lock lock(mutex);
  never_notified.wait_for(lock, stop, length, [] { return false; });
  return !stop.stop_requested();
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::accepted: return "accepted";
    case Verdict::rejected: return "rejected";
    case Verdict::unknown: return "unknown";
  }
  return "unknown";
}

/// The transport to one origin. Shared: a call may still use it while another one replaces it.
struct TokenServer {
  std::string origin = {};
  std::shared_ptr<http::Transport> transport = {};
};

/// Where to ask.
struct TokenEndpoint {
  std::shared_ptr<http::Transport> transport;
  std::string path;
};

class TokenVerifier final : public CredentialVerifier {
 public:
  TokenVerifier(TokenVerifierOptions options, Discovery& discovery, MakeTransport make_transport,
                telemetry::Metrics& metrics)
      : options_(std::move(options)),
        discovery_(discovery),
        make_transport_(std::move(make_transport)),
        metrics_(metrics) {}

  Verdict verify(const ClientSettings& settings, const Secret& secret, std::stop_token stop) override {
    const BootTime began_at = BootClock::now();
    const auto endpoint = find_endpoint(stop);
    const Verdict verdict = endpoint ? ask_until_sure(*endpoint, settings, secret, stop) : Verdict::unknown;
    metrics_.backend_request(options_.registry, "verify", to_string(verdict), BootClock::now() - began_at);
    return verdict;
  }

 private:
  Result<TokenEndpoint> find_endpoint(const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const std::string url, discovery_.token_endpoint(stop));
    ASSIGN_OR_RETURN(const http::UriParts parts, http::split_uri(url));
    ASSIGN_OR_RETURN(std::string origin, origin_of(url));
    auto server = server_.lock();
    if (server->origin != origin) {
      ASSIGN_OR_RETURN(std::unique_ptr<http::Transport> made, make_transport_(origin));
      *server = {.origin = std::move(origin), .transport = std::move(made)};
    }
    return TokenEndpoint{.transport = server->transport, .path = parts.path.empty() ? "/" : parts.path};
  }

  /// One yes is enough; a no counts when it was repeated.
  Verdict ask_until_sure(const TokenEndpoint& endpoint, const ClientSettings& settings, const Secret& secret,
                         const std::stop_token& stop) {
    const BootTime last_start = BootClock::now() + options_.window;
    Verdict verdict = ask_once(endpoint, settings, secret, stop);
    for (const auto length : options_.pauses) {
      if (verdict != Verdict::rejected) return verdict;
      if (BootClock::now() + length > last_start || !pause(length, stop)) return Verdict::unknown;
      verdict = ask_once(endpoint, settings, secret, stop);
    }
    return verdict;
  }

  Verdict ask_once(const TokenEndpoint& endpoint, const ClientSettings& settings, const Secret& secret,
                   const std::stop_token& stop) {
    auto request = make_token_request(settings, secret, endpoint.path);
    if (!request) return Verdict::unknown;
    request->timeout = options_.timeout;
    auto response = endpoint.transport->send(*request, stop);
    wipe_token_request(*request);
    if (!response) return Verdict::unknown;
    const Verdict verdict = verdict_of(*response);
    wipe(response->body);
    return verdict;
  }

  const TokenVerifierOptions options_;
  Discovery& discovery_;
  const MakeTransport make_transport_;
  telemetry::Metrics& metrics_;
  Guarded<TokenServer> server_;
};

}  // namespace

std::unique_ptr<CredentialVerifier> make_token_verifier(TokenVerifierOptions options, Discovery& discovery,
                                                        MakeTransport make_transport,
                                                        telemetry::Metrics& metrics) {
  return std::make_unique<TokenVerifier>(std::move(options), discovery, std::move(make_transport), metrics);
}

}  // namespace apiclient::backend
