#pragma once
// Decorator: adds our credentials to each request; sends once more when they were refused (401) and fresh
// ones can be had. An answer that is not a success and repeats our credentials loses the member that does.
// Thread- safe when `inner` is.

#include "backend/authenticator.h"
#include "http/transport.h"

namespace apiclient::backend {

class AuthenticatingTransport final : public http::Transport {
 public:
  /// Nothing is owned, both outlive this.
  AuthenticatingTransport(http::Transport& inner, Authenticator& authenticator)
      : inner_(inner), authenticator_(authenticator) {}

  Result<http::Response> send(const http::Request& request, std::stop_token stop) override;
  /// Registries are not streamed from: passed on as it is.
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override;

 private:
  Result<http::Response> send_as(const Authorization& authorization, const http::Request& request,
                                 const std::stop_token& stop);

  http::Transport& inner_;
  Authenticator& authenticator_;
};

}  // namespace apiclient::backend
