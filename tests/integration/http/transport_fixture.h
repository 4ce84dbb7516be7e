#pragma once
// Makes transports for the tests of this folder.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "http/cpprest_transport.h"
#include "support/loopback_server.h"
#include "support/matchers.h"

namespace apiclient::test {

inline std::unique_ptr<http::Transport> make_transport(http::TransportOptions options) {
  auto made = http::make_cpprest_transport(std::move(options));
  if (!made) {
    ADD_FAILURE() << made.error().message;
    return nullptr;
  }
  return std::move(*made);
}

inline std::unique_ptr<http::Transport> make_transport(const LoopbackServer& server) {
  return make_transport({.base_uri = server.uri()});
}

/// Answers every request of a connection with 200 and "ok".
inline void answer_all(LoopbackConnection& connection) {
  while (connection.read_request()) {
    if (!connection.respond(200, "ok")) return;
  }
}

/// How long something took.
class Stopwatch {
 public:
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace apiclient::test
