#include "backend/host_list.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace apiclient::backend {
namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;
constexpr std::size_t kLongestName = 253;

char lower_case(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool is_name_character(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
         letter == '_' || letter == '.';
}

/// IPv6 addresses have many texts; this is the one that the system writes.
std::optional<std::string> canonical_v6(const std::string& text) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> written{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1 ||
      ::inet_ntop(AF_INET6, &address, written.data(), written.size()) == nullptr) {
    return std::nullopt;
  }
  return std::string(written.data());
}

/// Lower case, without the dot of an absolute name; without brackets. Empty: no host that could be listed,
/// such as one with an escape or a zone, which programs read differently.
std::optional<std::string> normalised(std::string_view host) {
  std::string text(host);
  std::ranges::transform(text, text.begin(), lower_case);
  if (text.find(':') != std::string::npos) return canonical_v6(text);
  if (text.ends_with('.')) text.pop_back();
  const bool bad = text.empty() || text.size() > kLongestName || text.starts_with('.') ||
                   text.find("..") != std::string::npos || !std::ranges::all_of(text, is_name_character);
  return bad ? std::nullopt : std::optional(std::move(text));
}

std::string shown(const http::UriParts& url, std::string_view name) {
  const bool is_v6 = name.find(':') != std::string_view::npos;
  const std::string host = is_v6 ? "[" + std::string(name) + "]" : std::string(name);
  return host + ":" + std::to_string(url.port);
}

}  // namespace

Result<HostList::Entry> HostList::parse_entry(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorKind::invalid, "\"" + std::string(text) + "\": " + std::string(why));
  };
  const bool wildcard = text.starts_with("*.");
  const std::string_view rest = wildcard ? text.substr(2) : text;
  if (rest.find_first_of("/?#@*") != std::string_view::npos) {
    return bad(
        "must be a host or host:port, with at most \"*.\" before it; use for example "
        "login.example.com:8443");
  }
  const auto url = http::split_uri("http://" + std::string(rest));
  const auto host = url ? normalised(url->host) : std::nullopt;
  if (!host) return bad("is not a host, nor host:port");
  if (wildcard && http::is_ip_literal(*host)) return bad("an address has no parts to stand for");
  const bool has_port = rest.ends_with("]") ? false : rest.rfind(':') != std::string_view::npos;
  return Entry{
      .host = wildcard ? "." + *host : *host, .port = has_port ? url->port : 0, .wildcard = wildcard};
}

Result<HostList> HostList::parse(const std::vector<std::string>& entries) {
  HostList list;
  for (const std::string& text : entries) {
    ASSIGN_OR_RETURN(Entry entry, parse_entry(text));
    list.entries_.push_back(std::move(entry));
  }
  return list;
}

bool HostList::matches(const Entry& entry, const std::string& host, const http::UriParts& url) {
  const int usual = url.scheme == "https" ? kHttpsPort : kHttpPort;
  if (url.port != (entry.port == 0 ? usual : entry.port)) return false;
  if (!entry.wildcard) return host == entry.host;
  return host.size() > entry.host.size() && host.ends_with(entry.host) && !http::is_ip_literal(host);
}

Result<void> HostList::check(std::string_view url) const {
  ASSIGN_OR_RETURN(const http::UriParts parts, http::split_uri(url));
  return check(parts, parts.host);
}

Result<void> HostList::check_name(std::string_view url, std::string_view name) const {
  ASSIGN_OR_RETURN(const http::UriParts parts, http::split_uri(url));
  return check(parts, name);
}

Result<void> HostList::check(const http::UriParts& url, std::string_view name) const {
  const auto host = normalised(name);
  const bool listed =
      host && std::ranges::any_of(entries_, [&](const Entry& entry) { return matches(entry, *host, url); });
  if (listed) return {};
  return fail(Error{.kind = ErrorKind::forbidden,
                    .message = "host " + shown(url, name) +
                               " is not listed in the operator's flag --namespaced-registry-hosts",
                    .code = std::string(kHostNotAllowedCode)});
}

}  // namespace apiclient::backend
