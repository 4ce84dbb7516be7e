#pragma once
// The verifier over the token endpoint, as a consumer would use it. Thread-safe.

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "backend/credential_verifier.h"
#include "backend/discovery.h"
#include "base/result.h"
#include "http/transport.h"
#include "telemetry/metrics.h"

namespace apiclient::backend {

/// Makes a transport for an origin ("scheme://host:port").
using MakeTransport = std::function<Result<std::unique_ptr<http::Transport>>(const std::string& origin)>;

struct TokenVerifierOptions {
  std::string registry;                      ///< label of metrics
  std::chrono::milliseconds timeout{4'000};  ///< of one try
  std::chrono::milliseconds window{5'000};   ///< no try begins later than this after the first
  /// Pauses after the first and the second rejection: a registry of several nodes may need a moment.
  std::array<std::chrono::milliseconds, 2> pauses{std::chrono::milliseconds(500),
                                                  std::chrono::milliseconds(1'500)};
};

/// `discovery` and `metrics` are not owned and outlive the verifier. The endpoint's transport is made at
/// first use.
std::unique_ptr<CredentialVerifier> make_token_verifier(TokenVerifierOptions options, Discovery& discovery,
                                                        MakeTransport make_transport,
                                                        telemetry::Metrics& metrics);

}  // namespace apiclient::backend
