#pragma once
// The calls by which one dynamically registered client is managed (RFC 7592), each with the client's own
// registration access token, and what of an answer is needed for the next one. Thread-safe.

#include <chrono>
#include <stop_token>
#include <string>

#include "backend/registration_codec.h"
#include "backend/registration_store.h"
#include "http/transport.h"

namespace apiclient::backend::registration {

/// Adds what every request has; the header with a token is wiped afterwards.
Result<http::Response> send(http::Transport& transport, http::Request request,
                            std::chrono::milliseconds timeout, const std::stop_token& stop);

class ClientManagement {
 public:
  /// `transport` outlives this, has `origin` as its base URI and adds no credentials.
  ClientManagement(http::Transport& transport, std::string origin)
      : transport_(transport), origin_(std::move(origin)) {}

  /// Error: invalid "no_management" (the client was registered at another origin).
  Result<http::Response> call(const RegistrationRecord& record, http::Method method, std::string body,
                              std::chrono::milliseconds timeout, const std::stop_token& stop);

  /// Only what can be used later counts as management.
  void take(RegistrationRecord& record, const Answer& answer) const;
  /// True: the server has given another token or another place (RFC 7592 §2.1).
  bool renew(RegistrationRecord& record, const Answer& answer) const;

 private:
  http::Transport& transport_;
  const std::string origin_;
};

/// The server has no such operation (RFC 7592 §2, §2.3), or not for this client.
bool is_unmanaged(const http::Response& response);
/// Without the client's token, should the server repeat it.
Error refusal_of(const http::Response& response, const RegistrationRecord& record);
/// The body is wiped. Error: protocol (about another client, or no answer at all).
Result<Answer> read_same_client(http::Response& response, const std::string& client_id,
                                const ClientSettings& requested);

}  // namespace apiclient::backend::registration
