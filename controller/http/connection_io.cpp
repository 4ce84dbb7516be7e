#include "http/connection_io.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

namespace apiclient::http {
namespace {

constexpr std::size_t kBufferBytes = 8192;

int as_poll_timeout(std::chrono::nanoseconds left) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, std::numeric_limits<int>::max()));
}

int as_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

void ConnectionIo::SslFree::operator()(ssl_st* ssl) const { SSL_free(ssl); }

ConnectionIo::ConnectionIo(int socket, ssl_ctx_st* tls) : socket_(socket) {
  fcntl(socket_, F_SETFD, FD_CLOEXEC);
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(tls));
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_set_fd(ssl_.get(), socket_);
}

ConnectionIo::~ConnectionIo() {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

void ConnectionIo::allow(std::chrono::milliseconds time, std::size_t bytes_to_read) {
  deadline_ = BootClock::now() + time;
  bytes_left_ = bytes_to_read;
}

bool ConnectionIo::wait_for(short events) const {
  for (;;) {
    pollfd watched{.fd = socket_, .events = events, .revents = 0};
    const int ready = ::poll(&watched, 1, as_poll_timeout(deadline_ - BootClock::now()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

/// Runs an OpenSSL operation until it is through, failed, or the deadline has passed.
template <typename Operation>
int ConnectionIo::retry_tls(Operation operation) {
  for (;;) {
    ERR_clear_error();
    const int result = operation(ssl_.get());
    if (result > 0) return result;
    const int problem = SSL_get_error(ssl_.get(), result);
    if (problem == SSL_ERROR_ZERO_RETURN) return 0;
    if (problem != SSL_ERROR_WANT_READ && problem != SSL_ERROR_WANT_WRITE) return -1;
    if (!wait_for(problem == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return -1;
  }
}

bool ConnectionIo::handshake() {
  return !ssl_ || retry_tls([](SSL* ssl) { return SSL_accept(ssl); }) > 0;
}

ssize_t ConnectionIo::fill(char* target, std::size_t size) {
  if (ssl_) return retry_tls([&](SSL* ssl) { return SSL_read(ssl, target, as_int(size)); });
  for (;;) {
    const ssize_t count = ::recv(socket_, target, size, 0);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !wait_for(POLLIN)) return -1;
  }
}

ssize_t ConnectionIo::read(char* target, std::size_t size) {
  if (bytes_left_ == 0 || BootClock::now() >= deadline_) return -1;
  if (consumed_ == buffer_.size()) {
    buffer_.resize(kBufferBytes);
    const ssize_t count = fill(buffer_.data(), buffer_.size());
    buffer_.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    consumed_ = 0;
    if (count <= 0) return count;
  }
  const std::size_t count = std::min({size, buffer_.size() - consumed_, bytes_left_});
  std::memcpy(target, buffer_.data() + consumed_, count);
  consumed_ += count;
  bytes_left_ -= count;
  return static_cast<ssize_t>(count);
}

ssize_t ConnectionIo::write(const char* source, std::size_t size) {
  if (BootClock::now() >= deadline_) return -1;
  if (ssl_) return retry_tls([&](SSL* ssl) { return SSL_write(ssl, source, as_int(size)); });
  for (;;) {
    const ssize_t count = ::send(socket_, source, size, MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !wait_for(POLLOUT)) return -1;
  }
}

ConnectionIo::Wake ConnectionIo::wait_readable(std::chrono::milliseconds longest,
                                               std::vector<int> interrupts) const {
  if (consumed_ < buffer_.size() || (ssl_ && SSL_pending(ssl_.get()) > 0)) return Wake::readable;
  std::vector<pollfd> watched{{.fd = socket_, .events = POLLIN, .revents = 0}};
  for (const int interrupt : interrupts) watched.push_back({.fd = interrupt, .events = POLLIN, .revents = 0});
  const BootTime until = BootClock::now() + longest;
  for (;;) {
    const int ready = ::poll(watched.data(), watched.size(), as_poll_timeout(until - BootClock::now()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Wake::timed_out;
    return watched.front().revents != 0 ? Wake::readable : Wake::interrupted;
  }
}

std::string ConnectionIo::remote_address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  const void* number = nullptr;
  if (address.ss_family == AF_INET) {
    number = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else if (address.ss_family == AF_INET6) {
    number = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  } else {
    return {};
  }
  if (::inet_ntop(address.ss_family, number, text.data(), text.size()) == nullptr) return {};
  constexpr std::string_view kMapped = "::ffff:";  // an IPv4 peer on a dual-stack socket
  const std::string_view shown(text.data());
  return std::string(shown.starts_with(kMapped) ? shown.substr(kMapped.size()) : shown);
}

}  // namespace apiclient::http
