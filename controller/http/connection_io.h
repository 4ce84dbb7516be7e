#pragma once
// One accepted connection of our server: socket and optional TLS, every step under a total deadline, so that
// a peer that sends a byte now and then cannot hold a thread. Not thread-safe. Owns the socket.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

struct ssl_st;
struct ssl_ctx_st;

namespace apiclient::http {

class ConnectionIo {
 public:
  /// `tls` is null for plain HTTP; otherwise call `handshake` first.
  ConnectionIo(int socket, ssl_ctx_st* tls);
  ConnectionIo(const ConnectionIo&) = delete;
  ConnectionIo& operator=(const ConnectionIo&) = delete;
  ~ConnectionIo();

  /// The next steps together may take this long and read this much; then reads and writes fail.
  void allow(std::chrono::milliseconds time, std::size_t bytes_to_read);
  [[nodiscard]] bool handshake();
  /// Number of bytes; 0 at the end, -1 on failure.
  ssize_t read(char* target, std::size_t size);
  ssize_t write(const char* source, std::size_t size);

  enum class Wake { readable, interrupted, timed_out };
  /// Waits for the first byte of a request, or until an event file descriptor of `interrupts` is readable.
  [[nodiscard]] Wake wait_readable(std::chrono::milliseconds longest, std::vector<int> interrupts) const;
  /// Numeric address of the peer, without port.
  [[nodiscard]] std::string remote_address() const;

 private:
  struct SslFree {
    void operator()(ssl_st* ssl) const;
  };
  [[nodiscard]] bool wait_for(short events) const;
  ssize_t fill(char* target, std::size_t size);
  template <typename Operation>
  int retry_tls(Operation operation);

  int socket_;
  std::unique_ptr<ssl_st, SslFree> ssl_;
  BootTime deadline_{};
  std::size_t bytes_left_ = 0;
  std::string buffer_;
  std::size_t consumed_ = 0;
};

}  // namespace apiclient::http
