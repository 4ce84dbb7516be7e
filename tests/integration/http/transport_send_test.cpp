#include <gmock/gmock.h>

#include <thread>

#include "integration/http/transport_fixture.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Request;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TransportSend, SendsMethodPathHeadersAndBodyAsGiven) {
  std::vector<ReceivedRequest> received;
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (auto request = connection.read_request()) {
      received.push_back(std::move(*request));
      connection.respond(201, "made", "X-Two: 1\r\nx-two: 2\r\nContent-Type: application/json\r\n");
    }
  });
  const auto transport = make_transport({.base_uri = server.uri() + "/prefix/", .user_agent = "tester/1"});
  const auto response = transport->send({.method = Method::post,
                                         .path = "/a%2Fb/c+d/~x:y?q=%20a&empty=&r=1%2B2",
                                         .headers = {{"Content-Type", "application/json"}, {"X-One", "1"}},
                                         .body = "{\"n\":1}"},
                                        {});
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status_code, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(find_header(response->headers, "x-TWO"), "1, 2");
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].method, "POST");
  EXPECT_EQ(received[0].target, "/prefix/a%2Fb/c+d/~x:y?q=%20a&empty=&r=1%2B2");
  EXPECT_EQ(received[0].body, "{\"n\":1}");
  EXPECT_EQ(find_header(received[0].headers, "content-type"), "application/json");
  EXPECT_EQ(find_header(received[0].headers, "x-one"), "1");
  EXPECT_EQ(find_header(received[0].headers, "user-agent"), "tester/1");
  EXPECT_EQ(find_header(received[0].headers, "host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(find_header(received[0].headers, "accept-encoding"), "");
}

TEST(TransportSend, EveryMethodArrivesWithItsBodyAndOneKeptConnection) {
  std::vector<std::string> received;
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (auto request = connection.read_request()) {
      received.push_back(request->method + " " + request->body + "/" +
                         std::string(find_header(request->headers, "Content-Type")));
      connection.respond(200, request->body);
    }
  });
  const auto transport = make_transport(server);
  for (const Method method : {Method::get, Method::post, Method::put, Method::patch, Method::del}) {
    for (const std::string body : {"", "text"}) {
      if (method == Method::get && !body.empty()) continue;
      const auto response = transport->send({.method = method, .path = "/", .body = body}, {});
      ASSERT_THAT(response, is_ok());
      EXPECT_EQ(response->body, body);
    }
  }
  EXPECT_THAT(received, ::testing::ElementsAre("GET /", "POST /", "POST text/", "PUT /", "PUT text/",
                                               "PATCH /", "PATCH text/", "DELETE /", "DELETE text/"));
}

TEST(TransportSend, EveryStatusIsAResponse) {
  for (const int status : {204, 301, 304, 400, 401, 404, 409, 410, 429, 500, 503}) {
    LoopbackServer server([&](LoopbackConnection& connection) {
      while (connection.read_request())
        connection.respond(status, status == 204 || status == 304 ? "" : "why");
    });
    const auto response = make_transport(server)->send({.path = "/"}, {});
    ASSERT_THAT(response, is_ok()) << status;
    EXPECT_EQ(response->status_code, status);
  }
}

TEST(TransportSend, LargeBodiesTravelBothWays) {
  LoopbackServer server([](LoopbackConnection& connection) {
    while (auto request = connection.read_request()) connection.respond(200, request->body);
  });
  const std::string body(3'000'000, 'x');
  const auto response = make_transport(server)->send({.method = Method::put, .path = "/", .body = body}, {});
  ASSERT_THAT(response, is_ok());
  EXPECT_TRUE(response->body == body);
}

TEST(TransportSend, RedirectIsNotFollowedAndTheTokenStaysHere) {
  LoopbackServer other(answer_all);
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (connection.read_request()) connection.respond(302, "", "Location: " + other.uri() + "/stolen\r\n");
  });
  const auto response =
      make_transport(server)->send({.path = "/", .headers = {{"Authorization", "Bearer hunter2"}}}, {});
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status_code, 302);
  EXPECT_EQ(other.connections(), 0);
}

struct DeadConnectionCase {
  std::string name;
  Method method;
  bool recovers;
};
void PrintTo(const DeadConnectionCase& row, std::ostream* out) { *out << row.name; }

class DeadReusedConnection : public ::testing::TestWithParam<DeadConnectionCase> {};

/// Answers all but the first request for "/fatal": there the connection ends after the request was taken.
void die_once(LoopbackServer& server, LoopbackConnection& connection) {
  while (auto request = connection.read_request()) {
    server.note(request->target);
    if (request->target == "/fatal" && server.noted("/fatal") == 1) return;
    connection.respond(200, "ok");
  }
}

TEST_P(DeadReusedConnection, AWriteIsSentOnceAndAReadRecovers) {
  LoopbackServer server([&](LoopbackConnection& connection) { die_once(server, connection); });
  const auto transport = make_transport(server);
  const auto& [name, method, recovers] = GetParam();
  ASSERT_THAT(transport->send({.path = "/first"}, {}), is_ok());  // the next one reuses its connection
  const auto outcome = transport->send({.method = method, .path = "/fatal", .body = "data"}, {});
  if (recovers) {
    EXPECT_THAT(outcome, is_ok());
  } else {
    EXPECT_THAT(outcome, has_error(ErrorKind::unavailable));
  }
  // Whatever happened, the transport is usable, and nothing comes late.
  EXPECT_THAT(transport->send({.method = method, .path = "/after", .body = "data"}, {}), is_ok());
  EXPECT_EQ(server.noted("/after"), 1);
  EXPECT_EQ(server.noted("/fatal"), recovers ? 2 : 1);
}

INSTANTIATE_TEST_SUITE_P(Methods, DeadReusedConnection,
                         ::testing::Values(DeadConnectionCase{"Get", Method::get, true},
                                           DeadConnectionCase{"Post", Method::post, false},
                                           DeadConnectionCase{"Put", Method::put, false},
                                           DeadConnectionCase{"Patch", Method::patch, false},
                                           DeadConnectionCase{"Delete", Method::del, false}),
                         RowName());

TEST(TransportSend, AConnectionThatTheServerClosedWhileIdleIsReplacedEvenForAWrite) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    auto request = connection.read_request();
    if (!request) return;
    server.note(request->target);
    connection.respond(200, "ok");
    connection.shut_down();
    server.note("closed");
  });
  const auto transport = make_transport(server);
  for (int i = 1; i <= 5; ++i) {
    ASSERT_THAT(transport->send({.method = Method::post, .path = "/write", .body = "x"}, {}), is_ok()) << i;
    ASSERT_TRUE(server.wait_noted("closed", i));
  }
  EXPECT_EQ(server.noted("/write"), 5);
}

TEST(TransportSend, ADeleteWithoutBodyIsNotRepeatedEither) {
  LoopbackServer server([&](LoopbackConnection& connection) { die_once(server, connection); });
  const auto transport = make_transport(server);
  ASSERT_THAT(transport->send({.path = "/first"}, {}), is_ok());  // the next one reuses its connection
  EXPECT_THAT(transport->send({.method = Method::del, .path = "/fatal"}, {}),
              has_error(ErrorKind::unavailable));
  EXPECT_EQ(server.noted("/fatal"), 1);
}

TEST(TransportSend, DeadlineCoversAServerThatNeverAnswers) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.wait_closed_by_client();
  });
  const Stopwatch watch;
  const auto response = make_transport(server)->send({.path = "/", .timeout = 300ms}, {});
  EXPECT_THAT(response, has_error(ErrorKind::timeout));
  EXPECT_GE(watch.elapsed(), 300ms);
  EXPECT_LT(watch.elapsed(), 2s);
}

TEST(TransportSend, DeadlineCoversATrickleThatIsNeverSilentForLong) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (connection.send("x")) {
      if (connection.wait_closed_by_client(20ms)) break;
    }
    server.note("client left");
  });
  const Stopwatch watch;
  const auto response = make_transport(server)->send({.path = "/", .timeout = 500ms}, {});
  EXPECT_THAT(response, has_error(ErrorKind::timeout));
  EXPECT_LT(watch.elapsed(), 2s);
  EXPECT_TRUE(server.wait_noted("client left"));
}

TEST(TransportSend, StopBeforeHeadersEndsTheCallAndTheConnection) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    server.note("asked");
    if (connection.wait_closed_by_client()) server.note("client left");
  });
  const auto transport = make_transport(server);
  std::stop_source stop;
  std::thread stopper([&] {
    EXPECT_TRUE(server.wait_noted("asked"));
    stop.request_stop();
  });
  const auto response = transport->send({.path = "/"}, stop.get_token());
  stopper.join();
  EXPECT_THAT(response, has_error(ErrorKind::cancelled));
  EXPECT_TRUE(server.wait_noted("client left"));
}

TEST(TransportSend, StopInMidBodyReturnsWithinASecond) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    server.note("half");
    connection.wait_closed_by_client();
  });
  const auto transport = make_transport(server);
  std::stop_source stop;
  Stopwatch since_stop;
  std::thread stopper([&] {
    EXPECT_TRUE(server.wait_noted("half"));
    since_stop = Stopwatch();
    stop.request_stop();
  });
  const auto response = transport->send({.path = "/"}, stop.get_token());
  stopper.join();
  EXPECT_THAT(response, has_error(ErrorKind::cancelled));
  EXPECT_LT(since_stop.elapsed(), 1s);
}

TEST(TransportSend, AlreadyStoppedSendsNothing) {
  LoopbackServer server(answer_all);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(make_transport(server)->send({.method = Method::post, .path = "/"}, stop.get_token()),
              has_error(ErrorKind::cancelled));
  EXPECT_EQ(server.connections(), 0);
}

TEST(TransportSend, RefusedConnectionsAreUnavailableAndTheProcessSurvives) {
  int port = 0;
  {
    const LoopbackServer server(answer_all);
    port = server.port();
  }
  const auto transport = make_transport({.base_uri = "http://127.0.0.1:" + std::to_string(port)});
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(transport->send({.path = "/"}, {}),
                has_error_text(ErrorKind::unavailable, HasSubstr("cannot connect")));
  }
}

TEST(TransportSend, UnknownHostIsUnavailable) {
  const auto transport = make_transport({.base_uri = "http://no-such-host.invalid"});
  EXPECT_THAT(transport->send({.path = "/", .timeout = 20s}, {}), has_error(ErrorKind::unavailable));
}

struct BrokenAnswer {
  std::string name;
  std::string bytes;
};
void PrintTo(const BrokenAnswer& row, std::ostream* out) { *out << row.name; }

class BrokenAnswers : public ::testing::TestWithParam<BrokenAnswer> {};

TEST_P(BrokenAnswers, AreUnavailableAndSayNothingOfTheBody) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.send(GetParam().bytes);
  });
  const auto response = make_transport(server)->send({.path = "/", .timeout = 5s}, {});
  EXPECT_THAT(response, has_error_text(ErrorKind::unavailable, Not(HasSubstr("hunter2"))));
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, BrokenAnswers,
    ::testing::Values(
        BrokenAnswer{"Nothing", ""}, BrokenAnswer{"NotHttp", "hunter2 hunter2\r\n\r\n"},
        BrokenAnswer{"HalfHead", "HTTP/1.1 200 OK\r\nX: hunter2"},
        BrokenAnswer{"ShortBody", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhunter2"},
        BrokenAnswer{"NoLastChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nhunter2\r\n"},
        BrokenAnswer{"HalfChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhunter2"},
        BrokenAnswer{"BadChunkSize",
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhunter2\r\n0\r\n\r\n"}),
    RowName());

TEST(TransportSend, ConnectionCloseIsHonoured) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.respond(200, "bye", "Connection: close\r\n");
    connection.wait_closed_by_client();
  });
  const auto transport = make_transport(server);
  for (int i = 0; i < 3; ++i)
    ASSERT_THAT(transport->send({.method = Method::post, .path = "/"}, {}), is_ok());
  EXPECT_EQ(server.connections(), 3);
}

TEST(TransportSend, HeadersThatCouldSmuggleAreRefusedBeforeAnythingIsSent) {
  LoopbackServer server(answer_all);
  const auto transport = make_transport(server);
  EXPECT_THAT(transport->send({.path = "/", .headers = {{"X", "a\r\nY: b"}}}, {}),
              has_error(ErrorKind::invalid));
  EXPECT_THAT(transport->send({.path = "/", .headers = {{"X\r\n", "a"}}}, {}), has_error(ErrorKind::invalid));
  EXPECT_THAT(transport->send({.path = "/a b"}, {}), has_error(ErrorKind::invalid));
  EXPECT_THAT(transport->send({.path = "//host/a"}, {}), has_error(ErrorKind::invalid));
  EXPECT_EQ(server.connections(), 0);
}

struct BadBase {
  std::string name;
  std::string uri;
};
void PrintTo(const BadBase& row, std::ostream* out) { *out << row.name; }

class BadBaseUris : public ::testing::TestWithParam<BadBase> {};

TEST_P(BadBaseUris, AreRefusedAtOnce) {
  EXPECT_THAT(http::make_cpprest_transport({.base_uri = GetParam().uri}), has_error(ErrorKind::invalid));
}

INSTANTIATE_TEST_SUITE_P(Uris, BadBaseUris,
                         ::testing::Values(BadBase{"Empty", ""}, BadBase{"OtherScheme", "ftp://a"},
                                           BadBase{"Password", "https://u:p@a"},
                                           BadBase{"Query", "https://a/?x=1"},
                                           BadBase{"Ipv6Literal", "https://[::1]:6443"}),
                         RowName());

TEST(TransportSend, Ipv6LiteralIsRefusedWithAdvice) {
  EXPECT_THAT(http::make_cpprest_transport({.base_uri = "https://[::1]:6443"}),
              has_error_text(ErrorKind::invalid, HasSubstr("host name")));
}

}  // namespace
}  // namespace apiclient::test
