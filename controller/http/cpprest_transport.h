#pragma once
// The transport over cpprestsdk; its traps and their work-arounds live in the .cpp file and nowhere else.

#include <memory>

#include "http/tls_options.h"
#include "http/transport.h"

namespace apiclient::http {

struct TransportOptions {
  std::string base_uri;                             ///< scheme://host[:port][/prefix], no trailing slash
  TlsOptions tls = {};                              ///< used for https only
  std::string user_agent = "apiclient-operator";    ///< User-Agent header
  std::chrono::milliseconds idle_timeout{150'000};  ///< a stream that is silent for this long is dead
  std::size_t max_in_flight = 16;                   ///< requests at once (streams not counted); more wait
  std::size_t max_body_bytes = 64U << 20U;          ///< a longer response body is an error
};

/// Call first in main, before any thread that reads the environment: cpprestsdk's shared pool gets `threads`
/// threads, not 40, and the system's roots are read once instead of for every connection. Later calls change
/// nothing; without one the first transport asks for 4 threads.
void init_transport(int threads);

/// Owns its connections; one per server and set of options. Errors: invalid (URI, certificate, key). IPv6
/// addresses cannot be used in `base_uri`; names that resolve to them can.
Result<std::unique_ptr<Transport>> make_cpprest_transport(TransportOptions options);

}  // namespace apiclient::http
