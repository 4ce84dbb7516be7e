#pragma once
// A transport whose writes pass only while `may_write` says yes: the lease check before every write, for the
// Kubernetes API and for registries alike. GETs always pass. Thread-safe when `inner` and `may_write` are.

#include <functional>

#include "http/transport.h"

namespace apiclient::http {

class FencedTransport final : public Transport {
 public:
  /// `inner` is not owned and outlives this.
  FencedTransport(Transport& inner, std::function<bool()> may_write);

  Result<Response> send(const Request& request, std::stop_token stop) override;
  Result<Response> stream(const Request& request, const OnChunk& on_chunk, std::stop_token stop) override;

 private:
  Transport& inner_;
  std::function<bool()> may_write_;
};

}  // namespace apiclient::http
