#include "http/server.h"

#include <httplib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

#include "http/connection_io.h"
#include "http/listener.h"
#include "http/router.h"
#include "http/server_tls.h"
#include "http/uri.h"
#include "http/worker_threads.h"
#include "telemetry/log.h"

namespace apiclient::http {
namespace {

using namespace std::chrono_literals;

constexpr auto kExchangeTimeout = 30s;  ///< body, handler and answer
constexpr auto kIdleTimeout = 90s;  ///< longer than clients keep idle connections, so that they close first
constexpr auto kIdleUnderPressure = 1s;
constexpr int kNoContent = 204;
constexpr std::size_t kHeaderBytes = 16U << 10U;
constexpr std::size_t kDrainBytes = 1U << 20U;  ///< read and dropped of a body that is too long

// ---- from and to the library's types

std::optional<Method> method_of(std::string_view name) {
  if (name == "HEAD") return Method::get;
  for (const Method method : {Method::get, Method::post, Method::put, Method::patch, Method::del}) {
    if (to_string(method) == name) return method;
  }
  return std::nullopt;
}

Headers headers_of(const httplib::Request& request) {
  Headers headers;
  for (const auto& [name, value] : request.headers) {
    // The library mixes the addresses into the headers under these names.
    if (name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" || name == "LOCAL_PORT")
      continue;
    const auto [known, is_new] = headers.emplace(name, value);
    if (!is_new) known->second.append(", ").append(value);
  }
  return headers;
}

void copy_response(const Response& response, httplib::Response& target) {
  target.status = response.status_code;
  for (const auto& [name, value] : response.headers) {
    if (is_valid_header(name, value)) target.set_header(name, value);
  }
  target.body = response.body;
}

bool announces_body(const Headers& headers) {
  const std::string_view length = find_header(headers, "Content-Length");
  return !find_header(headers, "Transfer-Encoding").empty() || (!length.empty() && length != "0");
}

/// 0 when missing; the header was checked by is_framed_clearly.
std::uint64_t content_length_of(const Headers& headers) {
  const std::string_view text = find_header(headers, "Content-Length");
  std::uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

/// Message framing that two servers could read differently (RFC 9112 §6.3) is refused.
bool is_framed_clearly(const Headers& headers) {
  const std::string_view length = find_header(headers, "Content-Length");
  const std::string_view coding = find_header(headers, "Transfer-Encoding");
  if (!coding.empty()) return length.empty() && (coding == "chunked" || coding == "Chunked");
  return length.find_first_not_of("0123456789") == std::string_view::npos && length.size() < 19;
}

/// What the library calls a stream, over our connection.
class LibraryStream final : public httplib::Stream {
 public:
  explicit LibraryStream(ConnectionIo& connection) : connection_(connection) {}

  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override { return true; }
  ssize_t read(char* target, std::size_t size) override { return connection_.read(target, size); }
  ssize_t write(const char* source, std::size_t size) override { return connection_.write(source, size); }
  void get_remote_ip_and_port(std::string& address, int& port) const override {
    address = connection_.remote_address();
    port = 0;
  }
  void get_local_ip_and_port(std::string& /*address*/, int& /*port*/) const override {}
  /// The library compares it with FD_SETSIZE for its own select(), which we do not use.
  [[nodiscard]] socket_t socket() const override { return INVALID_SOCKET; }

 private:
  ConnectionIo& connection_;
};

class LibraryQueue final : public httplib::TaskQueue {
 public:
  explicit LibraryQueue(WorkerThreads& threads) : threads_(threads) {}
  void enqueue(std::function<void()> job) override { threads_.enqueue(std::move(job)); }
  void shutdown() override { threads_.shutdown(); }

 private:
  WorkerThreads& threads_;
};

// ---- routing

Response refuse_route(const Router::Match& match) {
  if (match.allowed.empty()) return problem_response(404);
  Response response = problem_response(405);
  response.headers.emplace("Allow", match.allowed);
  return response;
}

Response run_handler(const Route& route, const ServerRequest& request) {
  try {
    return route.handle(request);
  } catch (...) {
    telemetry::Log().error("an exception left a request handler",
                           {{"method", to_string(route.method)}, {"route", route.pattern}});
    return problem_response(500);
  }
}

/// Null for plain HTTP.
Result<std::unique_ptr<ServerTls>> open_tls(const ServerOptions& options) {
  if (options.tls_cert_file.empty() && options.tls_key_file.empty()) return nullptr;
  return ServerTls::open(options.tls_cert_file, options.tls_key_file);
}

// ---- the server

class HttplibServer final : public Server, private httplib::Server {
 public:
  HttplibServer(const ServerOptions& options, Router router, Listener listener,
                std::unique_ptr<ServerTls> tls)
      : router_(std::move(router)),
        max_body_bytes_(options.max_body_bytes),
        header_timeout_(options.header_timeout),
        listener_(std::move(listener)),
        stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        tls_(std::move(tls)),
        threads_(options.threads) {
    svr_sock_ = listener_.socket();
    new_task_queue = [this] { return new LibraryQueue(threads_); };
    set_payload_max_length(max_body_bytes_ + kDrainBytes);  // ours is checked first, and answers
    // The path that the library matches is decoded, which would confuse "/" and "%2F": routing is done here.
    Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response, nullptr);
    });
    const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                  const httplib::ContentReader& reader) {
      answer(request, response, &reader);
    };
    Post(".*", with_body);
    Put(".*", with_body);
    Patch(".*", with_body);
    Delete(".*", with_body);
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty()) copy_response(problem_response(response.status), response);
    });
    set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
      response.headers.erase("Keep-Alive");  // names limits that are not ours
      if (response.status == kNoContent) response.headers.erase("Content-Length");  // RFC 9110 §8.6
    });
  }
  HttplibServer(const HttplibServer&) = delete;
  HttplibServer& operator=(const HttplibServer&) = delete;
  ~HttplibServer() override {
    HttplibServer::stop();
    ::close(stop_fd_);
  }

  void start() override {
    if (!acceptor_.joinable()) acceptor_ = std::thread([this] { listen_after_bind(); });
  }

  void stop() override {
    svr_sock_ = INVALID_SOCKET;
    ::eventfd_write(stop_fd_, 1);
    threads_.release();
    ::shutdown(listener_.socket(),
               SHUT_RDWR);  // ends accept(); closed later, so that the number is not given away
    if (acceptor_.joinable()) acceptor_.join();
  }

  [[nodiscard]] int port() const override { return listener_.port(); }

 private:
  bool process_and_close_socket(socket_t socket) override {
    const auto tls = tls_ ? tls_->context() : nullptr;
    ConnectionIo connection(socket, tls.get());
    connection.allow(header_timeout_, kHeaderBytes);
    if (!connection.handshake()) return false;
    auto longest_wait = header_timeout_;
    while (wait_for_request(connection, longest_wait)) {
      if (!serve_one(connection)) return true;
      longest_wait = kIdleTimeout;
    }
    return true;
  }

  /// False when the connection is to be closed.
  bool wait_for_request(const ConnectionIo& connection, std::chrono::milliseconds longest) const {
    auto wake = connection.wait_readable(longest, {stop_fd_, threads_.pressure_fd()});
    if (wake == ConnectionIo::Wake::interrupted && svr_sock_ != INVALID_SOCKET) {
      wake = connection.wait_readable(kIdleUnderPressure, {stop_fd_});
    }
    return wake == ConnectionIo::Wake::readable;
  }

  /// False when the connection is to be closed.
  bool serve_one(ConnectionIo& connection) {
    LibraryStream stream(connection);
    bool understood = false;
    bool close_after = svr_sock_ == INVALID_SOCKET || threads_.under_pressure();
    bool closed_by_peer = false;
    connection.allow(header_timeout_, kHeaderBytes);
    const bool written = process_request(stream, close_after, closed_by_peer, [&](httplib::Request& request) {
      understood = true;
      close_after = close_after || !method_of(request.method);  // nobody would read its body
      connection.allow(kExchangeTimeout, max_body_bytes_ + 2 * kDrainBytes);
      request.ranges.clear();                    // would cut our answers
      request.headers.erase("Accept-Encoding");  // would compress them
      // The only way from a handler back to its connection.
      request.response_handler = [&close_after](const httplib::Response&) { return close_after = true; };
    });
    return written && understood && !close_after && !closed_by_peer;
  }

  void answer(const httplib::Request& request, httplib::Response& response,
              const httplib::ContentReader* reader) {
    ServerRequest asked{.method = method_of(request.method).value_or(Method::get),
                        .headers = headers_of(request)};
    bool body_left = announces_body(asked.headers);
    copy_response(handle(request, reader, asked, body_left), response);
    if (!body_left) return;
    // The rest of the body must not be taken for the next request.
    response.set_header("Connection", "close");
    request.response_handler({});
  }

  Response handle(const httplib::Request& request, const httplib::ContentReader* reader, ServerRequest& asked,
                  bool& body_left) const {
    const std::size_t query_at = std::min(request.target.find('?'), request.target.size());
    asked.path = request.target.substr(0, query_at);
    auto query =
        parse_form(std::string_view(request.target).substr(std::min(query_at + 1, request.target.size())));
    if (!query || !is_framed_clearly(asked.headers)) return problem_response(400);
    asked.query = std::move(*query);
    asked.remote_address = request.remote_addr;
    auto match = router_.find(asked.method, asked.path);
    if (!match) return problem_response(400);
    if (match->route == nullptr) return refuse_route(*match);
    asked.captures = std::move(match->captures);
    if (body_left) {
      if (reader == nullptr) return problem_response(400);
      if (request.is_multipart_form_data()) return problem_response(415);
      const int refused = read_body(*reader, asked, body_left);
      if (refused != 0) return problem_response(refused);
    }
    return run_handler(*match->route, asked);
  }

  /// The status that refuses the body, or 0.
  int read_body(const httplib::ContentReader& reader, ServerRequest& asked, bool& body_left) const {
    if (content_length_of(asked.headers) > max_body_bytes_ + kDrainBytes) return 413;
    std::size_t total = 0;
    const bool complete = reader([&](const char* data, std::size_t size) {
      total += size;
      if (total <= max_body_bytes_) asked.body.append(data, size);
      return total <= max_body_bytes_ + kDrainBytes;
    });
    body_left = !complete;
    if (total > max_body_bytes_) return 413;
    return complete ? 0 : 400;
  }

  const Router router_;
  const std::size_t max_body_bytes_;
  const std::chrono::milliseconds header_timeout_;
  const Listener listener_;
  const int stop_fd_;
  const std::unique_ptr<ServerTls> tls_;
  WorkerThreads threads_;
  std::thread acceptor_;
};

}  // namespace

std::string_view ServerRequest::query_value(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

Result<std::unique_ptr<Server>> Server::bind(const ServerOptions& options, std::vector<Route> routes) {
  ASSIGN_OR_RETURN(auto tls, open_tls(options));
  ASSIGN_OR_RETURN(Router router, Router::make(std::move(routes)));
  ASSIGN_OR_RETURN(Listener listener, Listener::open(options.address));
  return std::unique_ptr<Server>(
      std::make_unique<HttplibServer>(options, std::move(router), std::move(listener), std::move(tls)));
}

}  // namespace apiclient::http
