#pragma once
// A socket that listens.

#include <string>
#include <utility>

#include "base/result.h"

namespace apiclient::http {

/// Owns the socket.
class Listener {
 public:
  /// "host:port", "[v6]:port" or ":port" (all addresses, both families); port 0 takes a free one. Errors:
  /// invalid (not such an address), unavailable (cannot be bound).
  static Result<Listener> open(const std::string& address);
  Listener(Listener&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  [[nodiscard]] int socket() const { return socket_; }
  [[nodiscard]] int port() const;

 private:
  explicit Listener(int socket) : socket_(socket) {}
  int socket_;
};

}  // namespace apiclient::http
