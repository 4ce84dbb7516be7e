// SIGTERM: what has begun is finished.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "integration/registry/registry_process.h"
#include "integration/registry/sample_requests.h"
#include "support/eventually.h"

namespace apiclient::registry::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A connection whose bytes the test sends one by one.
class RawConnection {
 public:
  explicit RawConnection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection() { ::close(socket_); }

  [[nodiscard]] bool connected() const { return connected_; }
  void send(const std::string& text) const {
    ASSERT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// Until the peer closes.
  [[nodiscard]] std::string receive_all() const {
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(socket_, buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }

 private:
  const int socket_;
  bool connected_ = false;
};

TEST(RegistryStop, RequestThatHasBegunIsAnsweredAndKept) {
  RegistryProcess registry;
  const std::string body = machine_with_secret("a", "op-1", std::string(43, 'x')).dump();
  const RawConnection begun(registry.admin_port());
  ASSERT_TRUE(begun.connected());
  begun.send(
      "POST /admin/v1/clients HTTP/1.1\r\nHost: registry\r\nContent-Type: application/json\r\nAuthorization: "
      "Bearer " +
      registry.admin_token() + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  begun.send(body.substr(0, 10));
  // An answered request on another connection: the server has had its turn to read the first bytes.
  ASSERT_EQ(registry.admin(http::Method::get, kClientsPath).status_code, 200);
  registry.ask_to_stop();
  ASSERT_TRUE(
      apiclient::test::eventually([&] { return registry.log().find("\"stopping\"") != std::string::npos; }));
  EXPECT_TRUE(apiclient::test::eventually([&] {
    return !RawConnection(registry.admin_port()).connected() || registry.probe("/readyz").status_code == 503;
  }));
  begun.send(body.substr(10));
  EXPECT_THAT(begun.receive_all(), StartsWith("HTTP/1.1 201"));
  EXPECT_EQ(registry.wait_for_exit(), 0);
  EXPECT_THAT(registry.log(), HasSubstr("\"stopped\""));
  registry.start();
  EXPECT_EQ(registry.admin(http::Method::get, kClientsPath + "/a").status_code, 200);
}

TEST(RegistryStop, IdleConnectionsDoNotHoldItUp) {
  RegistryProcess registry;
  const RawConnection idle(registry.admin_port());
  ASSERT_TRUE(idle.connected());
  idle.send("GET /admin/v1/clients HTTP/1.1\r\nHost: registry\r\n\r\n");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(registry.stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace apiclient::registry::test
