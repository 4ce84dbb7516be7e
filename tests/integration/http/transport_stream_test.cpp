#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <latch>
#include <thread>

#include "integration/http/transport_fixture.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Method;
using ::testing::HasSubstr;

constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(TransportStream, ChunksArriveOneByOneOnTheCallingThreadWhileTheStreamIsOpen) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(kChunkedHead);
    // The next chunk is sent only when the one before has arrived.
    for (int i = 1; i <= 50; ++i) {
      connection.send_chunk("<" + std::to_string(i) + ">");
      if (!server.wait_noted("chunk", i)) return;
    }
    connection.send_chunk("");
  });
  std::string received;
  const auto caller = std::this_thread::get_id();
  const auto end = make_transport(server)->stream({.path = "/"},
                                                  [&](std::string_view chunk) -> Result<void> {
                                                    EXPECT_EQ(std::this_thread::get_id(), caller);
                                                    received += chunk;
                                                    server.note("chunk");
                                                    return {};
                                                  },
                                                  {});
  ASSERT_THAT(end, is_ok());
  EXPECT_EQ(end->status_code, 200);
  EXPECT_EQ(end->body, "");
  EXPECT_TRUE(received.starts_with("<1><2>") && received.ends_with("<50>")) << received;
}

TEST(TransportStream, ABodySentByteByByteIsWhole) {
  const std::string text = "{\"type\":\"ADDED\"}\n{\"type\":\"BOOKMARK\"}\n";
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    std::string bytes(kChunkedHead);
    for (const char letter : text) bytes.append("1\r\n").append(1, letter).append("\r\n");
    bytes += "0\r\n\r\n";
    for (const char letter : bytes) connection.send(std::string_view(&letter, 1));
  });
  std::string received;
  const auto end = make_transport(server)->stream({.path = "/"},
                                                  [&](std::string_view chunk) -> Result<void> {
                                                    received += chunk;
                                                    return {};
                                                  },
                                                  {});
  EXPECT_THAT(end, is_ok());
  EXPECT_EQ(received, text);
}

struct StreamEnd {
  std::string name;
  std::string bytes;
  std::optional<ErrorKind> error;
};
void PrintTo(const StreamEnd& row, std::ostream* out) { *out << row.name; }

class StreamEnds : public ::testing::TestWithParam<StreamEnd> {};

TEST_P(StreamEnds, AreToldApart) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(GetParam().bytes);
  });
  const auto end =
      make_transport(server)->stream({.path = "/"}, [](std::string_view) { return Result<void>(); }, {});
  if (GetParam().error) {
    EXPECT_THAT(end, has_error(*GetParam().error));
  } else {
    EXPECT_THAT(end, is_ok());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, StreamEnds,
    ::testing::Values(
        StreamEnd{"LastChunk", std::string(kChunkedHead) + "2\r\nok\r\n0\r\n\r\n", {}},
        StreamEnd{"FullLength", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", {}},
        StreamEnd{"ClosedBetweenChunks", std::string(kChunkedHead) + "2\r\nok\r\n", ErrorKind::unavailable},
        StreamEnd{"ClosedInChunk", std::string(kChunkedHead) + "20\r\nok", ErrorKind::unavailable},
        StreamEnd{"ClosedBeforeFirstChunk", std::string(kChunkedHead), ErrorKind::unavailable},
        StreamEnd{"ShortLength", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", ErrorKind::unavailable},
        StreamEnd{"EndOnlyByClosing", "HTTP/1.1 200 OK\r\n\r\nok", ErrorKind::protocol}),
    RowName());

TEST(TransportStream, AnErrorStatusHasItsBodyInTheResponse) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.send_chunk("too ");
    connection.send_chunk("old");
    connection.send_chunk("");
  });
  const auto end = make_transport(server)->stream({.path = "/"},
                                                  [](std::string_view) -> Result<void> {
                                                    ADD_FAILURE() << "no chunk expected";
                                                    return {};
                                                  },
                                                  {});
  ASSERT_THAT(end, is_ok());
  EXPECT_EQ(end->status_code, 410);
  EXPECT_EQ(end->body, "too old");
}

TEST(TransportStream, SilenceEndsItButOnlyAfterTheIdleTimeout) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(kChunkedHead);
    for (int i = 0; i < 6; ++i) {  // together longer than the idle timeout
      connection.send_chunk("beat");
      if (connection.wait_closed_by_client(400ms)) return;
    }
    if (connection.wait_closed_by_client()) server.note("client left");
  });
  const auto transport = make_transport({.base_uri = server.uri(), .idle_timeout = 2s});
  int beats = 0;
  const auto end = transport->stream({.path = "/"},
                                     [&](std::string_view) -> Result<void> {
                                       ++beats;
                                       return {};
                                     },
                                     {});
  EXPECT_THAT(end, has_error(ErrorKind::timeout));
  EXPECT_EQ(beats, 6);
  EXPECT_TRUE(server.wait_noted("client left"));
}

TEST(TransportStream, AServerThatNeverSendsHeadersEndsAtTheRequestsTimeout) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.wait_closed_by_client();
  });
  const Stopwatch watch;
  const auto end = make_transport(server)->stream({.path = "/", .timeout = 300ms},
                                                  [](std::string_view) { return Result<void>(); }, {});
  EXPECT_THAT(end, has_error(ErrorKind::timeout));
  EXPECT_LT(watch.elapsed(), 2s);
}

TEST(TransportStream, StopEndsASilentStreamWithinASecond) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(kChunkedHead);
    connection.send_chunk("first");
    if (connection.wait_closed_by_client()) server.note("client left");
  });
  const auto transport = make_transport(server);
  std::stop_source stop;
  std::latch got_first(1);
  Stopwatch since_stop;
  std::thread stopper([&] {
    got_first.wait();
    since_stop = Stopwatch();
    stop.request_stop();
  });
  const auto end = transport->stream(
      {.path = "/"},
      [&](std::string_view) -> Result<void> {
        got_first.count_down();
        return {};
      },
      stop.get_token());
  const auto took = since_stop.elapsed();
  stopper.join();
  EXPECT_THAT(end, has_error(ErrorKind::cancelled));
  EXPECT_LT(took, 1s);
  EXPECT_TRUE(server.wait_noted("client left"));
}

TEST(TransportStream, TheConsumersErrorEndsItAndComesBackUnchanged) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(kChunkedHead);
    while (connection.send_chunk("more")) {
    }
    server.note("client left");
  });
  int chunks = 0;
  const auto end =
      make_transport(server)->stream({.path = "/"},
                                     [&](std::string_view) -> Result<void> {
                                       if (++chunks == 3)
                                         return fail(ErrorKind::expired, "resource version is too old");
                                       return {};
                                     },
                                     {});
  ASSERT_THAT(end, has_error(ErrorKind::expired));
  EXPECT_EQ(end.error().message, "resource version is too old");
  EXPECT_EQ(chunks, 3);
  EXPECT_TRUE(server.wait_noted("client left"));
}

TEST(TransportStream, AChunkLargerThanAllowedIsRefused) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(kChunkedHead);
    connection.send_chunk(std::string(5000, 'x'));
    connection.wait_closed_by_client();
  });
  const auto transport = make_transport({.base_uri = server.uri(), .max_body_bytes = 4096});
  const auto end = transport->stream({.path = "/"},
                                     [](std::string_view) -> Result<void> {
                                       ADD_FAILURE() << "no chunk expected";
                                       return {};
                                     },
                                     {});
  EXPECT_THAT(end, has_error(ErrorKind::protocol));
}

TEST(TransportStream, StreamsAreNotCountedAsRequestsInFlight) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (auto request = connection.read_request()) {
      if (request->target == "/plain") {
        connection.respond(200, "ok");
        continue;
      }
      connection.send(kChunkedHead);
      connection.send_chunk("first");
      connection.wait_closed_by_client();
      return;
    }
  });
  const auto transport = make_transport({.base_uri = server.uri(), .max_in_flight = 1});
  int seen = 0;
  const auto end =
      transport->stream({.path = "/watch"},
                        [&](std::string_view) -> Result<void> {
                          EXPECT_THAT(transport->send({.path = "/plain", .timeout = 5s}, {}), is_ok());
                          ++seen;
                          return fail(ErrorKind::cancelled, "enough");
                        },
                        {});
  EXPECT_THAT(end, has_error(ErrorKind::cancelled));
  EXPECT_EQ(seen, 1);
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(TransportStream, ASlowConsumerHoldsTheServerBackAndMemoryStaysFlat) {
  constexpr std::size_t kChunk = 1U << 20U;
  constexpr std::size_t kChunks = 200;
  std::atomic<std::size_t> sent = 0;
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(kChunkedHead);
    const std::string chunk(kChunk, 'x');
    for (std::size_t i = 0; i < kChunks && connection.send_chunk(chunk); ++i) ++sent;
    connection.send_chunk("");
  });
  const auto transport = make_transport(server);
  const std::size_t before = resident_bytes();
  std::size_t most = before;
  std::size_t received = 0;
  bool looked = false;
  const auto end = transport->stream({.path = "/"},
                                     [&](std::string_view chunk) -> Result<void> {
                                       received += chunk.size();
                                       most = std::max(most, resident_bytes());
                                       if (!looked) {
                                         looked = true;
                                         // While this call does not return the server gets stuck; wait until
                                         // it does.
                                         for (std::size_t last = sent + 1; last != sent;) {
                                           last = sent;
                                           EXPECT_FALSE(server.wait_noted("nothing", 1, 300ms));
                                         }
                                         EXPECT_LT(sent, 50U);
                                       }
                                       return {};
                                     },
                                     {});
  ASSERT_THAT(end, is_ok());
  EXPECT_EQ(received, kChunk * kChunks);
  EXPECT_LT(most - before, 40U << 20U);
}

}  // namespace
}  // namespace apiclient::test
