#include "http/message.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "json/json.h"

namespace apiclient::http {
namespace {

/// Far above any honest request; keeps later arithmetic from overflowing.
constexpr std::int64_t kLongestRetryAfterSeconds = 24L * 60 * 60;

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end != text.data() + text.size() || text.empty() || text.front() == '-') return std::nullopt;
  if (problem == std::errc::result_out_of_range) return kLongestRetryAfterSeconds;
  return problem == std::errc() ? std::optional(seconds) : std::nullopt;
}

/// IMF-fixdate (RFC 9110 §5.6.7), the only form that is still sent.
std::optional<std::int64_t> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts) - std::time(nullptr);
}

std::string_view title_of(int status_code) {
  switch (status_code) {
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::del: return "DELETE";
  }
  return "GET";
}

bool HeaderNameLess::operator()(std::string_view left, std::string_view right) const {
  return std::ranges::lexicographical_compare(left, right, {}, lower, lower);
}

bool is_valid_header(std::string_view name, std::string_view value) {
  const auto is_token = [](char letter) {
    return std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos ||
           (lower(letter) >= 'a' && lower(letter) <= 'z') || (letter >= '0' && letter <= '9');
  };
  const auto is_control = [](char letter) {
    return (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7f;
  };
  return !name.empty() && std::ranges::all_of(name, is_token) && std::ranges::none_of(value, is_control);
}

std::string_view find_header(const Headers& headers, std::string_view name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Response problem_response(int status_code) {
  Response response{.status_code = status_code};
  response.headers.emplace("Content-Type", "application/problem+json");
  response.body =
      json::dump({{"type", "about:blank"}, {"title", title_of(status_code)}, {"status", status_code}});
  return response;
}

std::chrono::milliseconds retry_after_of(const Response& response) {
  const std::string text(find_header(response.headers, "Retry-After"));
  auto seconds = parse_seconds(text);
  if (!seconds) seconds = parse_http_date(text);
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds.value_or(0), 0, kLongestRetryAfterSeconds));
}

}  // namespace apiclient::http
