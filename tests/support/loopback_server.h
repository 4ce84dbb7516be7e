#pragma once
// A server on a raw socket of 127.0.0.1 that does what a script tells it, byte by byte: for everything that a
// well-behaved server would never do. Each connection runs the script on a thread of its own.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/message.h"

struct ssl_st;
struct ssl_ctx_st;

namespace apiclient::test {

struct ReceivedRequest {
  std::string method;
  std::string target;
  http::Headers headers;
  std::string body;
};

/// The server's end of one connection, handed to the script.
class LoopbackConnection {
 public:
  LoopbackConnection(int socket, int number, ssl_ctx_st* tls);
  LoopbackConnection(const LoopbackConnection&) = delete;
  LoopbackConnection& operator=(const LoopbackConnection&) = delete;
  ~LoopbackConnection();

  /// 1 for the server's first connection.
  [[nodiscard]] int number() const { return number_; }
  /// False when TLS was asked for and the client did not like us.
  [[nodiscard]] bool handshake();
  /// Subject common name of the client's certificate; empty when it showed none.
  [[nodiscard]] std::string client_name() const;
  /// Name asked for by SNI; empty when there was none.
  [[nodiscard]] std::string sni() const;

  /// Empty when the client closed first.
  std::optional<ReceivedRequest> read_request();
  /// False when the client is gone.
  bool send(std::string_view bytes);
  /// "HTTP/1.1 <status> …" with Content-Length.
  bool respond(int status_code, std::string_view body, std::string_view more_headers = {});
  /// One chunk of a chunked body; empty text is the end.
  bool send_chunk(std::string_view text);
  /// Blocks until the client closes, at most so long; false when it did not.
  bool wait_closed_by_client(std::chrono::milliseconds longest = std::chrono::seconds(20));
  /// Ends the connection with RST when it is destroyed.
  void reset();
  /// Wakes every blocked call, from another thread.
  void shut_down();

 private:
  long read_some(char* target, std::size_t size);

  const int socket_;
  const int number_;
  ssl_st* ssl_ = nullptr;
  std::string buffer_;
};

class LoopbackServer {
 public:
  using Script = std::function<void(LoopbackConnection&)>;
  struct Tls {
    std::string certificate_pem;
    std::string key_pem;
    std::string client_ca_pem = {};  ///< given: a client certificate is demanded
  };

  explicit LoopbackServer(Script script, std::optional<Tls> tls = {});
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  [[nodiscard]] int port() const { return port_; }
  /// "http://127.0.0.1:<port>", or https with TLS; `host` replaces the address.
  [[nodiscard]] std::string uri(const std::string& host = "127.0.0.1") const;
  [[nodiscard]] int connections() const { return connections_; }

  /// For scripts and tests to count what happened.
  void note(const std::string& event);
  [[nodiscard]] int noted(const std::string& event) const;
  /// False when it did not happen that often in time.
  [[nodiscard]] bool wait_noted(const std::string& event, int times = 1,
                                std::chrono::milliseconds longest = std::chrono::seconds(20)) const;

 private:
  void accept_loop();
  void serve(LoopbackConnection& connection);

  Script script_;
  ssl_ctx_st* tls_ = nullptr;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable noted_something_;
  std::map<std::string, int> notes_;
  std::vector<std::unique_ptr<LoopbackConnection>> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace apiclient::test
