#include <gmock/gmock.h>

#include <thread>

#include "integration/http/transport_fixture.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Method;

TEST(TransportLimits, NoMoreRequestsAtOnceThanAllowedAndNoneIsLost) {
  constexpr std::size_t kAllowed = 16;
  constexpr std::size_t kRequests = 200;
  std::atomic<std::size_t> now = 0;
  std::atomic<std::size_t> most = 0;
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (connection.read_request()) {
      const std::size_t mine = ++now;
      std::size_t seen = most;
      while (mine > seen && !most.compare_exchange_weak(seen, mine)) {
      }
      connection.wait_closed_by_client(5ms);  // keeps requests overlapping
      --now;
      connection.respond(200, "ok");
    }
  });
  const auto transport = make_transport({.base_uri = server.uri(), .max_in_flight = kAllowed});
  std::atomic<std::size_t> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kRequests; ++i) {
      threads.emplace_back([&] {
        if (transport->send({.method = Method::post, .path = "/", .body = "x"}, {})) ++answered;
      });
    }
  }
  EXPECT_EQ(answered, kRequests);
  EXPECT_LE(most, kAllowed);
  EXPECT_GE(most, kAllowed / 2);
}

TEST(TransportLimits, WaitingForAPlaceHonoursStopAndDeadline) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    server.note("asked");
    connection.wait_closed_by_client();
  });
  const auto transport = make_transport({.base_uri = server.uri(), .max_in_flight = 1});
  std::stop_source stop;
  std::jthread occupant([&] {
    EXPECT_THAT(transport->send({.path = "/"}, stop.get_token()), has_error(ErrorKind::cancelled));
  });
  ASSERT_TRUE(server.wait_noted("asked"));
  EXPECT_THAT(transport->send({.path = "/", .timeout = 100ms}, {}), has_error(ErrorKind::timeout));
  std::stop_source other;
  std::jthread stopper([&] { other.request_stop(); });
  EXPECT_THAT(transport->send({.path = "/"}, other.get_token()), has_error(ErrorKind::cancelled));
  stop.request_stop();
  occupant.join();
  EXPECT_EQ(server.connections(), 1);
}

struct LongBody {
  std::string name;
  std::string head;
  bool chunked;
};
void PrintTo(const LongBody& row, std::ostream* out) { *out << row.name; }

class LongBodies : public ::testing::TestWithParam<LongBody> {};

TEST_P(LongBodies, AreCutOffAsAProtocolError) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(GetParam().head);
    const std::string block(64U << 10U, 'x');
    for (int i = 0; i < 1000; ++i) {
      if (!(GetParam().chunked ? connection.send_chunk(block) : connection.send(block))) return;
    }
  });
  const auto transport = make_transport({.base_uri = server.uri(), .max_body_bytes = 1U << 20U});
  EXPECT_THAT(transport->send({.path = "/"}, {}), has_error(ErrorKind::protocol));
}

INSTANTIATE_TEST_SUITE_P(
    Framings, LongBodies,
    ::testing::Values(LongBody{"Length", "HTTP/1.1 200 OK\r\nContent-Length: 65536000\r\n\r\n", false},
                      LongBody{"Chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true},
                      LongBody{"UntilClose", "HTTP/1.1 200 OK\r\n\r\n", false}),
    RowName());

TEST(TransportLimits, SequentialWritesShareConnections) {
  LoopbackServer server(answer_all);
  const auto transport = make_transport(server);
  for (int i = 0; i < 500; ++i) {
    ASSERT_THAT(transport->send({.method = Method::put, .path = "/", .body = "x"}, {}), is_ok());
  }
  EXPECT_LE(server.connections(), 3);  // 1, unless the machine is very busy
}

}  // namespace
}  // namespace apiclient::test
