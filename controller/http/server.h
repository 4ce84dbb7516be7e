#pragma once
// A small HTTP(S) server for probes, metrics and the embedded registry; hides the serving library.
// Handlers run on the server's own bounded set of threads, several at once: they must be thread-safe, and
// must not throw (an exception becomes a 500 without its text). Connections are kept alive. HEAD is answered
// as GET. What the server itself refuses (no such route, body too large, unreadable request) is
// application/problem+json.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace apiclient::http {

/// A request as a handler sees it.
struct ServerRequest {
  Method method = Method::get;
  std::string path = {};                   ///< as sent (percent-encoded), without the query
  std::vector<std::string> captures = {};  ///< groups of the route's pattern, percent-decoded
  std::vector<std::pair<std::string, std::string>> query = {};  ///< decoded
  Headers headers = {};
  std::string body = {};
  std::string remote_address = {};  ///< of the peer, without port

  /// First value of a query parameter; empty when missing.
  [[nodiscard]] std::string_view query_value(std::string_view name) const;
};

struct Route {
  Method method;
  std::string pattern;  ///< regular expression over the whole path as sent (percent-encoded)
  std::function<Response(const ServerRequest&)> handle;
};

struct ServerOptions {
  std::string address = "127.0.0.1:0";  ///< host:port, [v6]:port, :port; port 0 takes a free one
  /// PEM, with chain; both or neither; TLS 1.2 or newer. Read again when they change.
  std::string tls_cert_file = {};
  std::string tls_key_file = {};
  /// At most; started when needed. A connection holds one until it is idle for long (or others wait for a
  /// thread), so this also bounds the connections served at once.
  std::size_t threads = 16;
  std::size_t max_body_bytes = 1U << 20U;            ///< after decoding
  std::chrono::milliseconds header_timeout{10'000};  ///< TLS handshake, and request line with all headers
};

class Server {
 public:
  /// Binds at once, so that a taken port is an error here; serves after `start`. Errors: invalid (address,
  /// certificate or key unusable), unavailable (cannot bind).
  static Result<std::unique_ptr<Server>> bind(const ServerOptions& options, std::vector<Route> routes);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  virtual ~Server() = default;

  virtual void start() = 0;
  /// Stops accepting, lets running handlers finish, joins. Called by the destructor too.
  virtual void stop() = 0;
  [[nodiscard]] virtual int port() const = 0;

 protected:
  Server() = default;
};

}  // namespace apiclient::http
