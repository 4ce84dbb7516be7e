#include "support/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <stdexcept>

namespace apiclient::test {
namespace {

std::string hex(std::size_t number) {
  std::array<char, 20> text{};
  const auto [end, problem] = std::to_chars(text.data(), text.data() + text.size(), number, 16);
  return problem == std::errc() ? std::string(text.data(), end) : std::string();
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string take_line(std::string& text) {
  const std::size_t end = text.find('\n');
  std::string line(trim(std::string_view(text).substr(0, end)));
  text.erase(0, end + 1);
  return line;
}

ReceivedRequest parse_head(std::string head) {
  ReceivedRequest request;
  const std::string first = take_line(head);
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  while (!head.empty()) {
    const std::string line = take_line(head);
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    request.headers[line.substr(0, colon)] = std::string(trim(std::string_view(line).substr(colon + 1)));
  }
  return request;
}

template <typename Read>
auto from_pem(const std::string& pem, Read read) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  auto* value = read(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (value == nullptr) throw std::runtime_error("bad PEM in a test");
  return value;
}

SSL_CTX* make_tls(const LoopbackServer::Tls& tls) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  X509* certificate = from_pem(tls.certificate_pem, PEM_read_bio_X509);
  EVP_PKEY* key = from_pem(tls.key_pem, PEM_read_bio_PrivateKey);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!tls.client_ca_pem.empty()) {
    X509* ca = from_pem(tls.client_ca_pem, PEM_read_bio_X509);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

int listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 512) != 0) {
    throw std::runtime_error("cannot listen on the loopback interface");
  }
  return listener;
}

}  // namespace

LoopbackConnection::LoopbackConnection(int socket, int number, ssl_ctx_st* tls)
    : socket_(socket), number_(number) {
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls == nullptr) return;
  ssl_ = SSL_new(tls);
  SSL_set_fd(ssl_, socket_);
}

LoopbackConnection::~LoopbackConnection() {
  SSL_free(ssl_);
  ::close(socket_);
}

bool LoopbackConnection::handshake() {
  const bool done = ssl_ == nullptr || SSL_accept(ssl_) == 1;
  ERR_clear_error();
  return done;
}

std::string LoopbackConnection::client_name() const {
  X509* certificate = ssl_ == nullptr ? nullptr : SSL_get1_peer_certificate(ssl_);
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  X509_free(certificate);
  return name.data();
}

std::string LoopbackConnection::sni() const {
  const char* name = ssl_ == nullptr ? nullptr : SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

long LoopbackConnection::read_some(char* target, std::size_t size) {
  const long count =
      ssl_ == nullptr ? ::recv(socket_, target, size, 0) : SSL_read(ssl_, target, static_cast<int>(size));
  ERR_clear_error();
  return count;
}

std::optional<ReceivedRequest> LoopbackConnection::read_request() {
  std::array<char, 16384> block{};
  std::size_t body_at = std::string::npos;
  std::size_t body_size = 0;
  ReceivedRequest request;
  for (;;) {
    if (body_at == std::string::npos && buffer_.find("\r\n\r\n") != std::string::npos) {
      body_at = buffer_.find("\r\n\r\n") + 4;
      request = parse_head(buffer_.substr(0, body_at));
      const std::string length(http::find_header(request.headers, "Content-Length"));
      body_size = length.empty() ? 0 : std::stoul(length);
    }
    if (body_at != std::string::npos && buffer_.size() >= body_at + body_size) break;
    const long count = read_some(block.data(), block.size());
    if (count <= 0) return std::nullopt;
    buffer_.append(block.data(), static_cast<std::size_t>(count));
  }
  request.body = buffer_.substr(body_at, body_size);
  buffer_.erase(0, body_at + body_size);
  return request;
}

bool LoopbackConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const long count = ssl_ == nullptr ? ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                       : SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    ERR_clear_error();
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool LoopbackConnection::respond(int status_code, std::string_view body, std::string_view more_headers) {
  std::string answer = "HTTP/1.1 " + std::to_string(status_code) +
                       " Reason\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return send(answer.append(more_headers).append("\r\n").append(body));
}

bool LoopbackConnection::send_chunk(std::string_view text) {
  return send(hex(text.size()).append("\r\n").append(text).append("\r\n"));
}

bool LoopbackConnection::wait_closed_by_client(std::chrono::milliseconds longest) {
  const auto until = std::chrono::steady_clock::now() + longest;
  std::array<char, 4096> block{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd watched{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&watched, 1, static_cast<int>(left.count())) <= 0) return false;
    if (::recv(socket_, block.data(), block.size(), 0) <= 0) return true;
  }
}

void LoopbackConnection::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void LoopbackConnection::shut_down() { ::shutdown(socket_, SHUT_RDWR); }

LoopbackServer::LoopbackServer(Script script, std::optional<Tls> tls) : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  if (tls) tls_ = make_tls(*tls);
  listener_ = listen_on_loopback();
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

LoopbackServer::~LoopbackServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& connection : open_) {
      if (connection) connection->shut_down();
    }
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
  SSL_CTX_free(tls_);
}

std::string LoopbackServer::uri(const std::string& host) const {
  return (tls_ == nullptr ? "http://" : "https://") + host + ":" + std::to_string(port_);
}

void LoopbackServer::accept_loop() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const std::scoped_lock lock(mutex_);
    const std::size_t index = open_.size();
    open_.push_back(std::make_unique<LoopbackConnection>(socket, ++connections_, tls_));
    LoopbackConnection& connection = *open_.back();
    threads_.emplace_back([this, index, &connection] {
      serve(connection);
      const std::scoped_lock closing(mutex_);
      open_[index].reset();
    });
  }
}

void LoopbackServer::serve(LoopbackConnection& connection) {
  if (connection.handshake()) {
    script_(connection);
  } else {
    note("handshake failed");
  }
}

void LoopbackServer::note(const std::string& event) {
  const std::scoped_lock lock(mutex_);
  ++notes_[event];
  noted_something_.notify_all();
}

int LoopbackServer::noted(const std::string& event) const {
  const std::scoped_lock lock(mutex_);
  const auto found = notes_.find(event);
  return found == notes_.end() ? 0 : found->second;
}

bool LoopbackServer::wait_noted(const std::string& event, int times,
                                std::chrono::milliseconds longest) const {
  std::unique_lock lock(mutex_);
  return noted_something_.wait_for(lock, longest, [&] {
    const auto found = notes_.find(event);
    return found != notes_.end() && found->second >= times;
  });
}

}  // namespace apiclient::test
