#pragma once
// Where clients are registered dynamically (RFC 7591): found, looked at, asked for a client. Thread-safe.

#include <stop_token>
#include <string>

#include "backend/discovery.h"
#include "backend/registration_codec.h"
#include "http/transport.h"

namespace apiclient::backend {

/// What it works with; nothing is owned, everything outlives it. The transports have the endpoint's origin as
/// their base URI.
struct RegistrationEndpointParts {
  http::Transport& probes;         ///< with our credentials
  http::Transport& registrations;  ///< with our credentials, sends once
  Discovery& discovery;
  std::string origin;            ///< of the transports
  std::string path = {};         ///< given by a person; empty: the metadata names the endpoint
  std::string token_url = {};    ///< given by a person; then a given endpoint needs no metadata
  bool has_credentials = false;  ///< else registration is open
};

class RegistrationEndpoint {
 public:
  explicit RegistrationEndpoint(RegistrationEndpointParts parts) : parts_(std::move(parts)) {}

  /// The server's endpoints, once this one is known to be there and to take our credentials. A server without
  /// metadata can be used where a person gave both endpoints. Error: invalid (the metadata names none that we
  /// may use).
  Result<Endpoints> probe(const std::stop_token& stop);
  /// The new client, of which nothing is remembered here. Errors as in backend.h.
  Result<registration::Answer> register_client(const ClientSettings& settings, const std::stop_token& stop);

 private:
  Result<Endpoints> discover(const std::stop_token& stop);
  Result<std::string> current_path(const std::stop_token& stop);
  [[nodiscard]] Result<std::string> path_of(const Endpoints& endpoints) const;
  Result<void> reach(const std::string& path, const std::stop_token& stop);

  const RegistrationEndpointParts parts_;
};

}  // namespace apiclient::backend
