#pragma once
// Building and taking apart URIs (RFC 3986). Pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace apiclient::http {

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
std::string encode_segment(std::string_view text);
/// Undoes percent-encoding; "+" stays. Empty when malformed.
std::optional<std::string> decode_segment(std::string_view text);
/// application/x-www-form-urlencoded (spaces as "+"), as RFC 6749 §2.3.1 wants Basic credentials and bodies.
std::string form_encode(std::string_view text);
std::optional<std::string> form_decode(std::string_view text);
/// "a=1&b=2", decoded; malformed pairs make it empty.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view body);

/// Builds "?a=1&b=2"; empty when nothing was added.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct UriParts {
  std::string scheme = {};  ///< lower case
  std::string host = {};    ///< without brackets
  int port = 0;             ///< given, or the scheme's
  std::string path = {};    ///< with query; may be empty
};
/// http and https only; no user info, no fragment.
Result<UriParts> split_uri(std::string_view uri);

/// An IPv4 or IPv6 address; no brackets.
bool is_ip_literal(const std::string& host);

}  // namespace apiclient::http
