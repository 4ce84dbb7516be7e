#pragma once
// Hosts that may be talked to, as an administrator lists them. What is not listed is refused, and an empty
// list refuses everything. Names are compared, not addresses: whoever controls the DNS of a listed name
// decides where it leads. Plain value.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/uri.h"

namespace apiclient::backend {

/// `Error::code` (kind forbidden): a host is not listed.
inline constexpr std::string_view kHostNotAllowedCode = "host_not_allowed";

class HostList {
 public:
  /// Refuses everything.
  HostList() = default;

  /// Each is a host (a name, an IPv4 address, an IPv6 address in brackets), with or without ":port". Without
  /// one the ports of the schemes are meant: 80 of http and 443 of https. "*." before a name stands for one
  /// or more labels, so *.example.com lists a.b.example.com and not example.com. Errors: invalid, naming the
  /// entry.
  static Result<HostList> parse(const std::vector<std::string>& entries);

  /// Errors: kHostNotAllowedCode, naming host and port; invalid (no URL that could be asked).
  [[nodiscard]] Result<void> check(std::string_view url) const;
  /// The same for another name by which the server at a URL is called.
  [[nodiscard]] Result<void> check_name(std::string_view url, std::string_view name) const;

 private:
  struct Entry {
    std::string host = {};
    int port = 0;           ///< 0: the scheme's
    bool wildcard = false;  ///< `host` begins with a dot
  };
  static Result<Entry> parse_entry(std::string_view text);
  [[nodiscard]] Result<void> check(const http::UriParts& url, std::string_view name) const;
  [[nodiscard]] static bool matches(const Entry& entry, const std::string& host, const http::UriParts& url);

  std::vector<Entry> entries_ = {};
};

}  // namespace apiclient::backend
