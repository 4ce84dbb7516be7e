#include "http/uri.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace apiclient::http {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr int kHighestPort = 65535;

bool is_unreserved(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_' || letter == '~';
}

void append_encoded(std::string& text, char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  text += '%';
  text += kHexDigits[byte >> 4U];
  text += kHexDigits[byte & 15U];
}

std::optional<char> decode_pair(std::string_view digits) {
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 2 || problem != std::errc() || end != digits.data() + 2) return std::nullopt;
  return static_cast<char>(value);
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const auto letter = decode_pair(text.substr(std::min(i + 1, text.size()), 2));
      if (!letter) return std::nullopt;
      decoded += *letter;
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return lowered;
}

bool has_control_or_space(std::string_view text) {
  return std::ranges::any_of(
      text, [](char letter) { return static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7f; });
}

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || port < 1 || port > kHighestPort) {
    return std::nullopt;
  }
  return port;
}

struct Authority {
  std::string_view host;
  std::string_view port;  ///< empty when not given
};

/// host, host:port or [v6]:port (RFC 3986 §3.2).
std::optional<Authority> split_authority(std::string_view text) {
  const std::size_t bracket = text.find(']');
  const bool literal = text.starts_with('[');
  if (literal != (bracket != std::string_view::npos)) return std::nullopt;
  const std::size_t colon = text.find(':', literal ? bracket : 0);
  Authority authority{.host = text.substr(0, colon), .port = {}};
  if (colon != std::string_view::npos) {
    authority.port = text.substr(colon + 1);
    if (authority.port.empty()) return std::nullopt;
  }
  if (literal) {
    if (authority.host.size() != bracket + 1) return std::nullopt;
    authority.host = authority.host.substr(1, bracket - 1);
    if (authority.host.find(':') == std::string_view::npos) return std::nullopt;  // only IPv6 stands in them
  }
  if (authority.host.empty()) return std::nullopt;
  return authority;
}

}  // namespace

std::string encode_segment(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char letter : text) {
    if (is_unreserved(letter)) {
      encoded += letter;
    } else {
      append_encoded(encoded, letter);
    }
  }
  return encoded;
}

std::optional<std::string> decode_segment(std::string_view text) { return decode(text, false); }

std::string form_encode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char letter : text) {
    if (letter == ' ') {
      encoded += '+';
    } else if (is_unreserved(letter) && letter != '~') {
      encoded += letter;
    } else {
      append_encoded(encoded, letter);
    }
  }
  return encoded;
}

std::optional<std::string> form_decode(std::string_view text) { return decode(text, true); }

std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(pair.size() + 1, body.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = form_decode(pair.substr(0, equals));
    auto value = form_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value || name->empty()) return std::nullopt;
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

Query& Query::add(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? '?' : '&';
  text_.append(encode_segment(name)).append("=").append(encode_segment(value));
  return *this;
}

Result<UriParts> split_uri(std::string_view uri) {
  const std::size_t colon = uri.find("://");
  if (colon == std::string_view::npos || has_control_or_space(uri))
    return fail(ErrorKind::invalid, "not a URI");
  UriParts parts{.scheme = lower_case(uri.substr(0, colon))};
  if (parts.scheme != "http" && parts.scheme != "https") {
    return fail(ErrorKind::invalid, "the URI must begin with http:// or https://");
  }
  if (uri.find('#') != std::string_view::npos)
    return fail(ErrorKind::invalid, "the URI must not have a fragment");
  const std::string_view rest = uri.substr(colon + 3);
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  if (rest.substr(0, path).find('@') != std::string_view::npos) {
    return fail(ErrorKind::invalid, "the URI must not contain a user name or password");
  }
  const auto authority = split_authority(rest.substr(0, path));
  if (!authority) return fail(ErrorKind::invalid, "the URI has no usable host");
  const auto port =
      authority->port.empty() ? (parts.scheme == "https" ? 443 : 80) : parse_port(authority->port);
  if (!port) return fail(ErrorKind::invalid, "the URI has no usable port");
  parts.host = lower_case(authority->host);
  parts.port = *port;
  parts.path = std::string(rest.substr(path));
  return parts;
}

bool is_ip_literal(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace apiclient::http
