#include <gmock/gmock.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <string>
#include <vector>

#include "integration/http/transport_fixture.h"

namespace apiclient::test {
namespace {

using ::testing::ElementsAre;

bool leads_to(int handle, int port) {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  if (::getpeername(handle, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return false;
  return peer.ss_family == AF_INET && ntohs(reinterpret_cast<const sockaddr_in&>(peer).sin_port) == port;
}

/// Whether it is set, for each of this process's sockets that lead to the port.
std::vector<bool> keep_alive_of_sockets_to(int port) {
  std::vector<bool> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int handle = std::stoi(entry.path().filename().string());
    if (!leads_to(handle, port)) continue;
    int value = 0;
    socklen_t size = sizeof(value);
    EXPECT_EQ(::getsockopt(handle, SOL_SOCKET, SO_KEEPALIVE, &value, &size), 0);
    found.push_back(value != 0);
  }
  return found;
}

TEST(TransportKeepAlive, BeginsWithTheSecondRequestOfAConnection) {
  LoopbackServer server(answer_all);
  const auto transport = make_transport(server);
  ASSERT_THAT(transport->send({.path = "/"}, {}), is_ok());
  EXPECT_THAT(keep_alive_of_sockets_to(server.port()), ElementsAre(false));
  ASSERT_THAT(transport->send({.path = "/"}, {}), is_ok());
  EXPECT_THAT(keep_alive_of_sockets_to(server.port()), ElementsAre(true));
}

}  // namespace
}  // namespace apiclient::test
