#include "http/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include "integration/http/transport_fixture.h"
#include "support/log_capture.h"
#include "support/test_certificates.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Response;
using http::Server;
using http::ServerRequest;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Response text(const std::string& body) { return {.status_code = 200, .body = body}; }

std::unique_ptr<Server> start(std::vector<http::Route> routes, http::ServerOptions options = {}) {
  auto server = Server::bind(options, std::move(routes));
  if (!server) {
    ADD_FAILURE() << server.error().message;
    return nullptr;
  }
  (*server)->start();
  return std::move(*server);
}

std::string uri_of(const Server& server) { return "http://127.0.0.1:" + std::to_string(server.port()); }

/// A client that sends whatever it is told.
class RawClient {
 public:
  explicit RawClient(const Server& server) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(server.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { ::close(socket_); }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  /// Everything until the server closes, or until `ending` has come.
  std::string receive(std::string_view ending = {}) const {
    std::string received;
    char block[4096];
    for (;;) {
      pollfd watched{.fd = socket_, .events = POLLIN, .revents = 0};
      if (::poll(&watched, 1, 20'000) <= 0) return received + "<timed out>";
      const ssize_t count = ::recv(socket_, block, sizeof block, 0);
      if (count <= 0) return received;
      received.append(block, static_cast<std::size_t>(count));
      if (!ending.empty() && received.ends_with(ending)) return received;
    }
  }

 private:
  int socket_;
};

TEST(HttpServer, HandlerSeesTheRequestDecoded) {
  ServerRequest seen;
  const auto server =
      start({{Method::put, "/things/([^/]+)/parts/([^/]+)", [&](const ServerRequest& request) {
                seen = request;
                return Response{.status_code = 202, .headers = {{"X-A", "b"}}, .body = "done"};
              }}});
  const auto transport = make_transport({.base_uri = uri_of(*server)});
  const auto response = transport->send({.method = Method::put,
                                         .path = "/things/a%2Fb%20c/parts/%C3%A9?q=1+2%26&q=later&empty=",
                                         .headers = {{"X-In", "value"}},
                                         .body = "body"},
                                        {});
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status_code, 202);
  EXPECT_EQ(response->body, "done");
  EXPECT_EQ(find_header(response->headers, "x-a"), "b");
  EXPECT_EQ(seen.method, Method::put);
  EXPECT_EQ(seen.path, "/things/a%2Fb%20c/parts/%C3%A9");
  EXPECT_THAT(seen.captures, ::testing::ElementsAre("a/b c", "\xC3\xA9"));
  EXPECT_EQ(seen.query_value("q"), "1 2&");
  EXPECT_EQ(seen.query_value("empty"), "");
  EXPECT_EQ(seen.query_value("missing"), "");
  EXPECT_EQ(find_header(seen.headers, "x-in"), "value");
  EXPECT_EQ(find_header(seen.headers, "REMOTE_ADDR"), "");
  EXPECT_EQ(seen.body, "body");
  EXPECT_EQ(seen.remote_address, "127.0.0.1");
}

struct Refusal {
  std::string name;
  http::Request request;
  int status_code;
  std::string allow = {};
};
void PrintTo(const Refusal& row, std::ostream* out) { *out << row.name; }

class Refusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refusals, AreProblemDocumentsAndTheConnectionStaysUsable) {
  const auto answer = [](const ServerRequest& request) { return text(std::to_string(request.body.size())); };
  const auto server = start({{Method::get, "/a/([^/]+)", answer}, {Method::post, "/a/([^/]+)", answer}},
                            {.max_body_bytes = 100});
  const auto transport = make_transport({.base_uri = uri_of(*server)});
  const auto response = transport->send(GetParam().request, {});
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->status_code, GetParam().status_code);
  EXPECT_EQ(find_header(response->headers, "Content-Type"), "application/problem+json");
  EXPECT_EQ(find_header(response->headers, "Allow"), GetParam().allow);
  EXPECT_THAT(response->body, HasSubstr("\"status\":" + std::to_string(GetParam().status_code)));
  EXPECT_THAT(response->body, Not(HasSubstr("hunter2")));
  EXPECT_THAT(transport->send({.path = "/a/b"}, {}), is_ok());
}

INSTANTIATE_TEST_SUITE_P(
    Requests, Refusals,
    ::testing::Values(
        Refusal{"UnknownPath", {.path = "/hunter2"}, 404},
        Refusal{"UnknownPathWithBody", {.method = Method::post, .path = "/hunter2", .body = "hunter2"}, 404},
        Refusal{"OtherMethod", {.method = Method::del, .path = "/a/b"}, 405, "GET, POST"},
        Refusal{"BadEscapeInPath", {.path = "/a/%00%zz"}, 400},
        Refusal{"BodyTooLong", {.method = Method::post, .path = "/a/b", .body = std::string(101, 'x')}, 413},
        Refusal{"BodyMuchTooLong",
                {.method = Method::post, .path = "/a/b", .body = std::string(900'000, 'x')},
                413},
        Refusal{"Multipart",
                {.method = Method::post,
                 .path = "/a/b",
                 .headers = {{"Content-Type", "multipart/form-data; boundary=x"}},
                 .body = "x"},
                415}),
    RowName());

struct RawRequest {
  std::string name;
  std::string bytes;
  std::string status_line;  ///< of the only answer
};
void PrintTo(const RawRequest& row, std::ostream* out) { *out << row.name; }

class RawRequests : public ::testing::TestWithParam<RawRequest> {};

TEST_P(RawRequests, AreRefusedOnceAndTheConnectionIsClosed) {
  const auto server = start({{Method::get, "/.*", [](const ServerRequest&) { return text("ok"); }},
                             {Method::post, "/.*", [](const ServerRequest&) { return text("ok"); }}});
  const RawClient client(*server);
  client.send(GetParam().bytes);
  const std::string received = client.receive();
  EXPECT_THAT(received, StartsWith(GetParam().status_line));
  // What looks like a second request inside the first one's body must not be answered.
  EXPECT_EQ(received.find("HTTP/1.1", 1), std::string::npos) << received;
  EXPECT_THAT(received, Not(HasSubstr("<timed out>")));
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, RawRequests,
    ::testing::Values(
        RawRequest{"Garbage", "garbage\r\n\r\nGET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
        RawRequest{"LengthAndChunked",
                   "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / "
                   "HTTP/1.1\r\n\r\n",
                   "HTTP/1.1 400"},
        RawRequest{"TwoLengths",
                   "POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                   "HTTP/1.1 400"},
        RawRequest{"NegativeLength", "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                   "HTTP/1.1 400"},
        RawRequest{"GetWithBody", "GET / HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                   "HTTP/1.1 400"},
        RawRequest{"UnknownMethodWithBody",
                   "OPTIONS / HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404"},
        RawRequest{"HugeLength", "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 413"}),
    RowName());

TEST(HttpServer, EndlessHeadersAreCutOff) {
  const auto server = start({});
  const RawClient client(*server);
  client.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 10'000; ++i) client.send("X-" + std::to_string(i) + ": y\r\n");
  EXPECT_THAT(client.receive(), Not(HasSubstr("<timed out>")));
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = start({{Method::get, "/(.*)", [](const ServerRequest& request) {
                                return text("<" + request.captures[0] + ">");
                              }}});
  const RawClient client(*server);
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string received = client.receive();
  const auto first = received.find("<1>");
  const auto second = received.find("<2>");
  EXPECT_LT(first, second);
  EXPECT_LT(second, received.find("<3>"));
  EXPECT_NE(received.find("<3>"), std::string::npos) << received;
}

TEST(HttpServer, HeadHasTheHeadersOfGetAndNoBody) {
  const auto server = start({{Method::get, "/", [](const ServerRequest&) { return text("twelve bytes"); }}});
  const RawClient client(*server);
  client.send("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string received = client.receive();
  EXPECT_THAT(received, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_THAT(received, ::testing::EndsWith("\r\n\r\n"));
}

TEST(HttpServer, NoContentHasNoLengthAndTheConnectionStaysUsable) {
  const auto server =
      start({{Method::del, "/", [](const ServerRequest&) { return Response{.status_code = 204}; }}});
  const RawClient client(*server);
  for (int i = 0; i < 2; ++i) {
    client.send("DELETE / HTTP/1.1\r\n\r\n");
    const std::string received = client.receive("\r\n\r\n");
    EXPECT_THAT(received, StartsWith("HTTP/1.1 204"));
    EXPECT_THAT(received, Not(HasSubstr("Content-Length")));
  }
}

TEST(HttpServer, AnExceptionIsA500WithoutItsTextAndTheServerGoesOn) {
  const LogCapture log;
  const auto server = start(
      {{Method::get, "/bad", [](const ServerRequest&) -> Response { throw std::runtime_error("hunter2"); }},
       {Method::get, "/odd", [](const ServerRequest&) -> Response { throw 3; }},
       {Method::get, "/good", [](const ServerRequest&) { return text("ok"); }}});
  const auto transport = make_transport({.base_uri = uri_of(*server)});
  for (const std::string path : {"/bad", "/odd"}) {
    const auto response = transport->send({.path = path}, {});
    ASSERT_THAT(response, is_ok());
    EXPECT_EQ(response->status_code, 500);
    EXPECT_THAT(response->body, Not(HasSubstr("hunter2")));
    EXPECT_EQ(find_header(response->headers, "EXCEPTION_WHAT"), "");
  }
  EXPECT_EQ(transport->send({.path = "/good"}, {})->status_code, 200);
  EXPECT_THAT(log.text(), HasSubstr("exception"));
  EXPECT_THAT(log.text(), Not(HasSubstr("hunter2")));
}

TEST(HttpServer, MoreKeptConnectionsThanThreadsAreAllServed) {
  const auto server =
      start({{Method::get, "/", [](const ServerRequest&) { return text("ok"); }}}, {.threads = 2});
  // Each keeps its connection; the later ones get a thread because an idle connection gives way.
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RawClient>(*server));
    clients.back()->send("GET / HTTP/1.1\r\n\r\n");
  }
  for (const auto& client : clients) EXPECT_THAT(client->receive("ok"), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, RequestsRunAtOnceUpToTheNumberOfThreads) {
  std::latch all_inside(3);
  const auto server = start({{Method::get, "/",
                              [&](const ServerRequest&) {
                                all_inside.arrive_and_wait();  // each handler waits for the others
                                return text("ok");
                              }}},
                            {.threads = 3});
  const auto transport = make_transport({.base_uri = uri_of(*server)});
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] { EXPECT_THAT(transport->send({.path = "/"}, {}), is_ok()); });
  }
}

TEST(HttpServer, StopLetsARunningHandlerFinishAndClosesIdleConnections) {
  std::latch inside(1);
  std::latch go_on(1);
  const auto server = start({{Method::get, "/slow",
                              [&](const ServerRequest&) {
                                inside.count_down();
                                go_on.wait();
                                return text("finished");
                              }},
                             {Method::get, "/", [](const ServerRequest&) { return text("ok"); }}});
  const RawClient idle(*server);
  idle.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(idle.receive("ok"), StartsWith("HTTP/1.1 200"));
  const RawClient busy(*server);
  busy.send("GET /slow HTTP/1.1\r\n\r\n");
  inside.wait();
  std::thread stopper([&] { server->stop(); });
  EXPECT_EQ(idle.receive(), "");  // closed while the handler still runs
  go_on.count_down();
  stopper.join();
  EXPECT_THAT(busy.receive(), HasSubstr("finished"));
}

TEST(HttpServer, StoppingAServerThatWasNeverStartedIsFine) {
  auto server = Server::bind({}, {});
  ASSERT_THAT(server, is_ok());
  (*server)->stop();
}

TEST(HttpServer, ATakenPortIsAnErrorAtBind) {
  const auto first = start({});
  EXPECT_THAT(Server::bind({.address = "127.0.0.1:" + std::to_string(first->port())}, {}),
              has_error(ErrorKind::unavailable));
}

TEST(HttpServer, AddressesWithoutHostListenForIpv4Too) {
  const auto server =
      start({{Method::get, "/", [](const ServerRequest& request) { return text(request.remote_address); }}},
            {.address = ":0"});
  const auto response = make_transport({.base_uri = uri_of(*server)})->send({.path = "/"}, {});
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->body, "127.0.0.1");
}

TEST(HttpServer, UnusableOptionsAreErrorsAtBind) {
  for (const std::string address :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", "no host:80"}) {
    EXPECT_THAT(Server::bind({.address = address}, {}), has_error(ErrorKind::invalid)) << address;
  }
  EXPECT_THAT(Server::bind({.tls_cert_file = "/nowhere", .tls_key_file = "/nowhere"}, {}),
              has_error(ErrorKind::invalid));
  EXPECT_THAT(Server::bind({}, {{Method::get, "(", [](const ServerRequest&) { return Response{}; }}}),
              has_error(ErrorKind::internal));
}

class ServerOverTls : public ::testing::Test {
 protected:
  ServerOverTls() {
    std::filesystem::create_directory(folder_);
    write(ca_);
    server_ = start({{Method::post, "/", [](const ServerRequest& request) { return text(request.body); }}},
                    {.tls_cert_file = folder_ / "cert", .tls_key_file = folder_ / "key"});
  }
  ServerOverTls(const ServerOverTls&) = delete;
  ServerOverTls& operator=(const ServerOverTls&) = delete;
  ~ServerOverTls() override { std::filesystem::remove_all(folder_); }

  /// As the kubelet and cert-manager do it: another file takes the place of the old one.
  void write_file(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / (name + ".new")) << content;
    std::filesystem::rename(folder_ / (name + ".new"), folder_ / name);
  }
  void write(const TestCertificate& ca) const {
    const auto issued = issue_test_certificate(ca, "server", {"IP:127.0.0.1"});
    write_file("cert", issued.certificate_pem);
    write_file("key", issued.key_pem);
  }
  /// A client of its own, with a connection of its own.
  [[nodiscard]] bool answers_those_who_trust(const TestCertificate& ca) const {
    return client(ca)->send({.method = Method::post, .path = "/", .body = "x"}, {}).has_value();
  }
  [[nodiscard]] std::unique_ptr<http::Transport> client(const TestCertificate& ca) const {
    return make_transport({.base_uri = "https://127.0.0.1:" + std::to_string(server_->port()),
                           .tls = {.ca_pem = ca.certificate_pem}});
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("apiclient-server-" + std::to_string(::getpid()));
  const TestCertificate ca_ = make_test_ca("root");
  std::unique_ptr<Server> server_;
};

TEST_F(ServerOverTls, Answers) {
  const auto transport = client(ca_);
  const std::string body(500'000, 'x');
  for (int i = 0; i < 20; ++i) {
    const auto response = transport->send({.method = Method::post, .path = "/", .body = body}, {});
    ASSERT_THAT(response, is_ok());
    EXPECT_TRUE(response->body == body);
  }
  const RawClient plain(*server_);
  plain.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(plain.receive(), Not(HasSubstr("HTTP/1.1")));
}

TEST_F(ServerOverTls, TakesARenewedCertificateForNewConnections) {
  const auto before = client(ca_);
  ASSERT_THAT(before->send({.method = Method::post, .path = "/", .body = "x"}, {}), is_ok());
  const auto other_ca = make_test_ca("other root");
  write(other_ca);
  EXPECT_TRUE(answers_those_who_trust(other_ca));
  EXPECT_FALSE(answers_those_who_trust(ca_));
}

/// In the middle of a renewal, or a mistake in it.
TEST_F(ServerOverTls, KeepsTheLastCertificateThatCouldBeUsed) {
  const auto other_ca = make_test_ca("other root");
  write_file("key", issue_test_certificate(other_ca, "server", {"IP:127.0.0.1"}).key_pem);
  EXPECT_TRUE(answers_those_who_trust(ca_));
  std::filesystem::remove(folder_ / "cert");
  EXPECT_TRUE(answers_those_who_trust(ca_));
  write(other_ca);
  EXPECT_TRUE(answers_those_who_trust(other_ca));
}

TEST(HttpServer, ASilentPeerIsDroppedAndHoldsNobodyUp) {
  const auto server = start({{Method::get, "/", [](const ServerRequest&) { return text("ok"); }}},
                            {.threads = 1, .header_timeout = 500ms});
  const RawClient silent(*server);
  const RawClient trickling(*server);
  trickling.send("GET / HT");
  const RawClient honest(*server);
  honest.send("GET / HTTP/1.1\r\n\r\n");
  // The others must time out first: there is one thread.
  EXPECT_THAT(honest.receive("ok"), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace apiclient::test
