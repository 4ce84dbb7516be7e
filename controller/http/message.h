#pragma once
// HTTP requests and responses as plain values.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace apiclient::http {

enum class Method { get, post, put, patch, del };
std::string_view to_string(Method method);

/// Header names compare without case (RFC 9110 §5.1).
struct HeaderNameLess {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const;
};
using Headers = std::map<std::string, std::string, HeaderNameLess>;

/// A token as name, no control characters in the value (RFC 9110 §5.1, §5.5): cannot smuggle another field.
bool is_valid_header(std::string_view name, std::string_view value);
/// Empty when the header is missing.
std::string_view find_header(const Headers& headers, std::string_view name);

struct Request {
  Method method = Method::get;
  std::string path =
      {};  ///< encoded path and query, beginning with "/"; appended to the transport's base URI
  Headers headers = {};
  std::string body = {};
  /// Whole request, connect to last byte. For a stream: connect to response headers.
  std::chrono::milliseconds timeout{30'000};
};

struct Response {
  int status_code = 0;
  Headers headers = {};
  std::string body = {};

  [[nodiscard]] bool ok() const { return status_code >= 200 && status_code < 300; }
};

/// An RFC 9457 body of type about:blank, with the status's usual title and nothing else.
Response problem_response(int status_code);

/// Retry-After in seconds or as a date (RFC 9110 §10.2.3); zero when missing or unreadable.
std::chrono::milliseconds retry_after_of(const Response& response);

}  // namespace apiclient::http
