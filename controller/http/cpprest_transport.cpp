// What cpprestsdk 2.10 does that we do not want, and what is done about it here:
//  - follows redirects, with the Authorization header: off
//  - reads the system's roots for every connection and trusts them besides ours: TlsMaterial replaces the
//    store of every connection's context, and system_roots.h hides the bundle
//  - checks the certificate against the Host header verbatim: only TlsOptions::server_name sets one
//  - sends a request again when a reused connection dies before the answer: a write's body is a stream
//    that cannot be rewound, which the library takes as "cannot be sent again"
//  - writes into connections that the server closed long ago: they are looked at before every request;
//    nothing was sent then, so that a fresh connection is safe
//  - may keep a broken connection in its pool after a failure: one client object per request under way,
//    dropped with its connection when anything went wrong
//  - has no total deadline, only one per read or write: the calling thread waits with its own and cancels
//  - does not cancel a name look-up: the calling thread leaves, the exchange lives on until it is over
//  - has no back-pressure and no limit: Exchange takes one chunk at a time, or stops at the limit
//  - ends the process when nobody looks at a failed task: the continuation that ends the only chain does
// What remains: it reads response headers and each chunk whole before it shows them, so a server that we
// trust could fill memory until the deadline; and TCP keep-alive begins with a connection's second request
// (set on a socket before it is open, it would cost the fail-over between addresses), so that during the
// first one only deadline and idle timeout find a connection that was cut silently.
#include "http/cpprest_transport.h"

#include <utility>  // before Boost.Asio 1.74, which forgets it

#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <pplx/threadpool.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <vector>

#include "http/exchange.h"
#include "http/exchange_flow.h"
#include "http/request_limit.h"
#include "http/system_roots.h"
#include "http/tls_material.h"
#include "http/transport_failure.h"
#include "http/uri.h"

namespace apiclient::http {
namespace {

using namespace std::chrono_literals;
namespace cpprest = web::http;
using Client = cpprest::client::http_client;

constexpr int kDefaultThreads = 4;
/// How long a cancelled request may take to be over before its caller leaves it behind.
constexpr auto kCancelGrace = 500ms;
/// How long to wait for the library to let go of an answered request's connection; mostly microseconds.
constexpr auto kReleaseGrace = 50ms;
/// The library's own timer must never fire: it would count the time a consumer takes for a chunk.
constexpr auto kLibraryTimeout = std::chrono::hours(24);

/// The server has closed this pooled connection, or sent what nobody asked for. Nothing was written to it.
struct StaleConnection {};

/// The error that tells the transport to use a fresh connection.
Error stale_connection() { return {ErrorKind::unavailable, "stale connection", {}, 0, "stale"}; }
bool is_stale(const Error& error) { return error.code == stale_connection().code; }

void init_threads_once(int threads) {
  static std::once_flag once;
  std::call_once(
      once, [threads] { crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(threads)); });
}

// ---- connections

/// A peer that went without a word is found within a minute, so that its connection is replaced before it is
/// used again. Where it cannot be set, deadlines find it.
void keep_alive(int handle) {
  const auto set = [handle](int level, int option, int value) {
    ::setsockopt(handle, level, option, &value, sizeof(value));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);   // seconds of silence
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);  // seconds between probes
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);     // of them without an answer
}

/// Called by the library before each request. A socket that is open belongs to a connection used before.
void inspect_connection(boost::asio::ip::tcp::socket& socket) {
  if (!socket.is_open()) return;
  const int handle = socket.native_handle();
  ::fcntl(handle, F_SETFD, FD_CLOEXEC);  // the library does not, and a plugin must not inherit it
  keep_alive(handle);
  pollfd watched{.fd = handle, .events = POLLIN | POLLRDHUP, .revents = 0};
  if (::poll(&watched, 1, 0) != 0) throw StaleConnection();
}

void inspect_plain(cpprest::client::native_handle handle) {
  inspect_connection(*static_cast<boost::asio::ip::tcp::socket*>(handle));
}

void inspect_tls(cpprest::client::native_handle handle) {
  inspect_connection(
      static_cast<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>*>(handle)->next_layer());
}

cpprest::client::http_client_config make_config(const TlsOptions& tls, const UriParts& base,
                                                std::shared_ptr<const TlsMaterial> material) {
  cpprest::client::http_client_config config;
  config.set_max_redirects(0);
  config.set_timeout(kLibraryTimeout);
  if (base.scheme != "https") {
    config.set_nativehandle_options(inspect_plain);
    return config;
  }
  config.set_nativehandle_options(inspect_tls);
  config.set_validate_certificates(!tls.insecure_skip_verify);
  config.set_tlsext_sni_enabled(!is_ip_literal(tls.server_name.empty() ? base.host : tls.server_name));
  config.set_ssl_context_callback([material = std::move(material)](boost::asio::ssl::context& context) {
    if (!material->apply(context.native_handle())) throw std::runtime_error("TLS set-up");
  });
  return config;
}

/// Client objects that are not in use, each with its connection. Thread-safe.
class IdleClients {
 public:
  IdleClients(std::string base, cpprest::client::http_client_config config)
      : base_(std::move(base)), config_(std::move(config)) {}

  std::unique_ptr<Client> take() {
    Idle idle;
    {
      const std::scoped_lock lock(mutex_);
      if (idle_.empty()) return fresh();
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
    // Until then the connection is not back in its pool, and the library would open another one.
    static_cast<void>(idle.last_use->wait_released(BootClock::now() + kReleaseGrace));
    return std::move(idle.client);
  }
  [[nodiscard]] std::unique_ptr<Client> fresh() const { return std::make_unique<Client>(base_, config_); }
  void give_back(std::unique_ptr<Client> client, std::shared_ptr<Exchange> last_use) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back({std::move(client), std::move(last_use)});
  }

 private:
  struct Idle {
    std::unique_ptr<Client> client;
    std::shared_ptr<Exchange> last_use;
  };
  const std::string base_;
  const cpprest::client::http_client_config config_;
  std::mutex mutex_;
  std::vector<Idle> idle_;
};

// ---- bodies

/// Where the library writes a response's body: straight on to the exchange, without a buffer in between.
class BodySink final : public Concurrency::streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  explicit BodySink(std::shared_ptr<Exchange> exchange)
      : streambuf_state_manager(std::ios_base::out), exchange_(std::move(exchange)) {}
  BodySink(const BodySink&) = delete;
  BodySink& operator=(const BodySink&) = delete;
  /// The library drops this together with its request, right after it has put the connection back.
  ~BodySink() override { exchange_->release(); }

  pplx::task<std::size_t> _putn(const std::uint8_t* data, std::size_t size) override {
    const pplx::task_completion_event<std::size_t> done;
    exchange_->offer({reinterpret_cast<const char*>(data), size}, [done, size](bool wanted) {
      wanted ? done.set(size) : done.set_exception(std::runtime_error("not wanted"));
    });
    return pplx::create_task(done);
  }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }

  // The rest of the interface serves reading, seeking and single characters, which the library's client does
  // not do.
  [[nodiscard]] bool can_seek() const override { return false; }
  [[nodiscard]] bool has_size() const override { return false; }
  [[nodiscard]] std::size_t buffer_size(std::ios_base::openmode /*mode*/) const override { return 0; }
  void set_buffer_size(std::size_t /*size*/, std::ios_base::openmode /*mode*/) override {}
  [[nodiscard]] std::size_t in_avail() const override { return 0; }
  [[nodiscard]] pos_type getpos(std::ios_base::openmode /*mode*/) const override { return traits::eof(); }
  pos_type seekpos(pos_type /*position*/, std::ios_base::openmode /*mode*/) override { return traits::eof(); }
  pos_type seekoff(off_type /*offset*/, std::ios_base::seekdir /*way*/,
                   std::ios_base::openmode /*mode*/) override {
    return traits::eof();
  }
  bool acquire(std::uint8_t*& /*data*/, std::size_t& /*size*/) override { return false; }
  void release(std::uint8_t* /*data*/, std::size_t /*size*/) override {}

 protected:
  pplx::task<int_type> _putc(std::uint8_t letter) override {
    return _putn(&letter, 1).then([letter](std::size_t) { return static_cast<int_type>(letter); });
  }
  pplx::task<int_type> _bumpc() override { return pplx::task_from_result<int_type>(traits::eof()); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return pplx::task_from_result<int_type>(traits::eof()); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return pplx::task_from_result<int_type>(traits::eof()); }
  pplx::task<int_type> _ungetc() override { return pplx::task_from_result<int_type>(traits::eof()); }
  pplx::task<std::size_t> _getn(std::uint8_t* /*data*/, std::size_t /*size*/) override {
    return pplx::task_from_result<std::size_t>(0);
  }
  std::size_t _scopy(std::uint8_t* /*data*/, std::size_t /*size*/) override { return 0; }
  std::uint8_t* _alloc(std::size_t /*size*/) override { return nullptr; }
  void _commit(std::size_t /*size*/) override {}

 private:
  const std::shared_ptr<Exchange> exchange_;
};

/// A body that can be read once; see the top of this file. An empty one matters too: without any body stream
/// the library would send a DELETE again.
void set_body(cpprest::http_request& message, const Request& request) {
  const Concurrency::streams::producer_consumer_buffer<std::uint8_t> once(
      std::max<std::size_t>(request.body.size(), 1));
  auto buffer = once;
  if (!request.body.empty()) {
    buffer.putn_nocopy(reinterpret_cast<const std::uint8_t*>(request.body.data()), request.body.size()).get();
  }
  buffer.close(std::ios_base::out).get();
  const std::string type(find_header(request.headers, "Content-Type"));
  message.set_body(buffer.create_istream(), request.body.size(), type);
  if (type.empty()) message.headers().remove("Content-Type");
}

// ---- requests and responses

Result<cpprest::http_request> make_message(const Request& request, const TransportOptions& options,
                                           const std::string& path_prefix) {
  cpprest::http_request message{std::string(to_string(request.method))};
  // Two slashes in front would be read as a host name.
  if (!request.path.starts_with('/') || request.path.starts_with("//")) {
    return fail(ErrorKind::invalid, "the request's path must begin with one slash");
  }
  try {
    message.set_request_uri(web::uri(path_prefix + request.path));
  } catch (const web::uri_exception&) {
    return fail(ErrorKind::invalid, "the request's path is not a valid URI");
  }
  if (request.method != Method::get) set_body(message, request);
  for (const auto& [name, value] : request.headers) {
    if (!is_valid_header(name, value))
      return fail(ErrorKind::invalid, "a request header holds control characters");
    const HeaderNameLess less;
    const auto is = [&](std::string_view other) { return !less(name, other) && !less(other, name); };
    if (is("Host") || is("Content-Length") || is("Content-Type") || is("Transfer-Encoding")) continue;
    message.headers()[name] = value;
  }
  if (!message.headers().has("User-Agent")) message.headers()["User-Agent"] = options.user_agent;
  if (!options.tls.server_name.empty()) message.headers()["Host"] = options.tls.server_name;
  return message;
}

Response head_of(const cpprest::http_response& answer) {
  Response head{.status_code = answer.status_code()};
  for (const auto& [name, value] : answer.headers()) head.headers.emplace(name, value);
  return head;
}

std::optional<Error> error_of(const pplx::task<cpprest::http_response>& task) {
  try {
    task.get();
    return std::nullopt;
  } catch (const StaleConnection&) {
    return stale_connection();
  } catch (const cpprest::http_exception& problem) {
    const int number = problem.error_code().value();
    if (number == ETIMEDOUT) return Error{ErrorKind::timeout, "no answer in time"};
    if (number == ECANCELED) return Error{ErrorKind::cancelled, "cancelled"};
    return Error{ErrorKind::unavailable, std::string(describe_failure(problem.what()))};
  } catch (...) {
    return Error{ErrorKind::unavailable, "the request failed"};
  }
}

/// One attempt on one client object.
class Attempt {
 public:
  Attempt(IdleClients& clients, std::unique_ptr<Client> client, std::shared_ptr<Exchange> exchange)
      : clients_(clients), client_(std::move(client)), exchange_(std::move(exchange)) {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() {
    if (!exchange_->is_finished()) cancel();
  }

  void start(cpprest::http_request message) {
    message.set_response_stream(
        Concurrency::streams::streambuf<std::uint8_t>(std::make_shared<BodySink>(exchange_))
            .create_ostream());
    const auto exchange = exchange_;
    client_->request(std::move(message), cancellation_.get_token())
        .then([exchange](const cpprest::http_response& answer) {
          exchange->set_head(head_of(answer));
          return answer.content_ready();
        })
        .then(
            [exchange](const pplx::task<cpprest::http_response>& done) { exchange->finish(error_of(done)); });
  }

  /// The exchange ended well: the connection can serve the next one.
  void keep() { clients_.give_back(std::move(client_), exchange_); }

 private:
  void cancel() {
    exchange_->abandon();
    cancellation_.cancel();
    // Mostly over at once; a name look-up cannot be interrupted and is left behind.
    static_cast<void>(exchange_->wait_finished({}, BootClock::now() + kCancelGrace));
  }

  IdleClients& clients_;
  std::unique_ptr<Client> client_;
  std::shared_ptr<Exchange> exchange_;
  pplx::cancellation_token_source cancellation_;
};

class CpprestTransport final : public Transport {
 public:
  CpprestTransport(TransportOptions options, const UriParts& base,
                   std::shared_ptr<const TlsMaterial> material)
      : options_(std::move(options)),
        origin_(base.scheme + "://" + base.host + ":" + std::to_string(base.port)),
        path_prefix_(base.path),
        clients_(origin_, make_config(options_.tls, base, std::move(material))),
        limit_(options_.max_in_flight) {}

  Result<Response> send(const Request& request, std::stop_token stop) override {
    const BootTime deadline = BootClock::now() + request.timeout;
    auto place = limit_.acquire(stop, deadline);
    if (!place) return fail(named(request, std::move(place).error()));
    return attempt(request, true,
                   [&](Exchange& exchange) { return await_response(exchange, stop, deadline); });
  }

  Result<Response> stream(const Request& request, const OnChunk& on_chunk, std::stop_token stop) override {
    const StreamTimes times{
        .head_deadline = BootClock::now() + std::min(request.timeout, options_.idle_timeout),
        .idle_timeout = options_.idle_timeout};
    std::optional<Error> refused;  // the caller's own error goes back to it as it is
    const auto take = [&](std::string_view chunk) {
      auto taken = on_chunk(chunk);
      if (!taken) refused = std::move(taken).error();
      return !refused;
    };
    auto outcome = attempt(request, false,
                           [&](Exchange& exchange) { return await_stream(exchange, stop, times, take); });
    if (refused) return fail(std::move(*refused));
    return outcome;
  }

 private:
  /// Runs `perform` on a pooled connection, and once more on a fresh one when the pooled one was found dead
  /// before anything was sent.
  template <typename Perform>
  Result<Response> attempt(const Request& request, bool collect_body, Perform perform) {
    for (bool fresh = false;; fresh = true) {
      auto message = make_message(request, options_, path_prefix_);
      if (!message) return fail(named(request, std::move(message).error()));
      auto exchange = std::make_shared<Exchange>(collect_body, options_.max_body_bytes);
      Attempt attempt(clients_, fresh ? clients_.fresh() : clients_.take(), exchange);
      attempt.start(std::move(*message));
      auto outcome = perform(*exchange);
      if (outcome) {
        attempt.keep();
        return outcome;
      }
      if (fresh || !is_stale(outcome.error())) return fail(named(request, std::move(outcome).error()));
    }
  }

  [[nodiscard]] Error named(const Request& request, Error error) const {
    return std::move(error).in(std::string(to_string(request.method)) + " " + origin_);
  }

  const TransportOptions options_;
  const std::string origin_;
  const std::string path_prefix_;
  IdleClients clients_;
  RequestLimit limit_;
};

}  // namespace

void init_transport(int threads) {
  take_over_system_roots();
  init_threads_once(threads);
}

Result<std::unique_ptr<Transport>> make_cpprest_transport(TransportOptions options) {
  ASSIGN_OR_RETURN(UriParts base, split_uri(options.base_uri));
  if (base.host.find(':') != std::string::npos) {
    return fail(ErrorKind::invalid,
                "IPv6 addresses cannot be used in a URI here; use a host name that resolves to it");
  }
  if (base.path.find('?') != std::string::npos)
    return fail(ErrorKind::invalid, "the base URI must not have a query");
  while (base.path.ends_with('/')) base.path.pop_back();
  ASSIGN_OR_RETURN(TlsMaterial material, TlsMaterial::read(options.tls));
  init_threads_once(kDefaultThreads);
  try {
    return std::unique_ptr<Transport>(std::make_unique<CpprestTransport>(
        std::move(options), base, std::make_shared<const TlsMaterial>(std::move(material))));
  } catch (const std::exception&) {
    return fail(ErrorKind::invalid, "the base URI cannot be used");
  }
}

}  // namespace apiclient::http
