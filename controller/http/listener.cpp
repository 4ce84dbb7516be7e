#include "http/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <memory>

namespace apiclient::http {
namespace {

constexpr int kBacklog = 256;

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> resolve(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return fail(ErrorKind::invalid, "\"" + address + "\" is not host:port");
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port = address.substr(colon + 1);
  std::uint16_t number = 0;  // getaddrinfo would take 99999 for 34463
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (problem != std::errc() || end != port.data() + port.size() ||
      getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found) != 0) {
    return fail(ErrorKind::invalid, "\"" + address + "\" is not a usable address to listen on");
  }
  return Addresses(found);
}

/// -1 when this address cannot be used.
int listen_on(const addrinfo& address) {
  const int listener = ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
  if (listener < 0) return -1;
  const int on = 1;
  const int off = 0;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted connections inherit it
  if (address.ai_family == AF_INET6) ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(listener, address.ai_addr, address.ai_addrlen) == 0 && ::listen(listener, kBacklog) == 0)
    return listener;
  ::close(listener);
  return -1;
}

}  // namespace

Result<Listener> Listener::open(const std::string& address) {
  ASSIGN_OR_RETURN(const Addresses addresses, resolve(address));
  // IPv6 first: without a host its socket takes IPv4 too.
  for (const int family : {AF_INET6, AF_INET}) {
    for (const addrinfo* next = addresses.get(); next != nullptr; next = next->ai_next) {
      if (next->ai_family != family) continue;
      if (const int listener = listen_on(*next); listener >= 0) return Listener(listener);
    }
  }
  return fail(ErrorKind::unavailable, "cannot listen on " + address);
}

Listener::~Listener() {
  if (socket_ >= 0) ::close(socket_);
}

int Listener::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  const in_port_t port = address.ss_family == AF_INET6
                             ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                             : reinterpret_cast<const sockaddr_in&>(address).sin_port;
  return ntohs(port);
}

}  // namespace apiclient::http
