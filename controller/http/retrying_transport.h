#pragma once
// Decorator: repeats what RetryPolicy allows. Thread-safe. Streams are not retried: the reflector does that.

#include "http/retry_policy.h"
#include "http/transport.h"

namespace apiclient::http {

class RetryingTransport final : public Transport {
 public:
  /// `inner` is not owned and outlives this.
  explicit RetryingTransport(Transport& inner, RetryPolicy policy = {});

  Result<Response> send(const Request& request, std::stop_token stop) override;
  Result<Response> stream(const Request& request, const OnChunk& on_chunk, std::stop_token stop) override;

 private:
  Transport& inner_;
  RetryPolicy policy_;
};

}  // namespace apiclient::http
