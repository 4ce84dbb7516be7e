#pragma once
// Every request to one registry passes here: circuit breaker, rate, requests at once. Thread-safe.

#include <memory>
#include <stop_token>
#include <string_view>

#include "backend/circuit.h"
#include "backend/rate_limiter.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "http/request_limit.h"
#include "http/transport.h"

namespace apiclient::backend {

/// `Error::code` (kind throttled) of a request that our own limit would have held back for too long; nothing
/// was sent, `retry_after` says when there is room.
inline constexpr std::string_view kRateLimited = "rate_limited";

class RequestGovernor {
 public:
  /// `clock` outlives this.
  RequestGovernor(const RateLimit& limit, const Clock& clock);

  /// Waits for a place (not counted into the request's timeout), then sends. An error that leaves the circuit
  /// open has code kCircuitOpen.
  Result<http::Response> send(http::Transport& inner, Caller caller, const http::Request& request,
                              const std::stop_token& stop);

  [[nodiscard]] bool circuit_open() const { return circuit_.lock()->is_open(); }
  void probe_succeeded() { circuit_.lock()->probe_succeeded(); }
  void probe_failed(const Error& error) { circuit_.lock()->probe_failed(error); }

 private:
  Result<http::Response> send_and_note(http::Transport& inner, const http::Request& request,
                                       const std::stop_token& stop);
  Result<void> wait_for_turn(Caller caller, const std::stop_token& stop);
  Result<void> check_circuit(Caller caller);

  const Clock& clock_;
  mutable Guarded<Circuit> circuit_;
  Guarded<RateLimiter> rate_;
  http::RequestLimit in_flight_;
};

/// A transport of one kind of caller below a governor.
class GovernedTransport final : public http::Transport {
 public:
  /// Nothing is owned, both outlive this.
  GovernedTransport(http::Transport& inner, RequestGovernor& governor, Caller caller)
      : inner_(inner), governor_(governor), caller_(caller) {}

  Result<http::Response> send(const http::Request& request, std::stop_token stop) override {
    return governor_.send(inner_, caller_, request, stop);
  }
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override {
    return inner_.stream(request, on_chunk, std::move(stop));
  }

 private:
  http::Transport& inner_;
  RequestGovernor& governor_;
  const Caller caller_;
};

}  // namespace apiclient::backend
