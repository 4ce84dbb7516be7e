#include "http/server_clock.h"

#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>
#include <string>

namespace apiclient::http {

std::optional<WallTime> parse_http_date(std::string_view text) {
  if (!text.ends_with(" GMT")) return std::nullopt;
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  std::tm fields{};
  in >> std::get_time(&fields, "%a, %d %b %Y %H:%M:%S GMT");
  if (in.fail() || in.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&fields));
}

void ServerClock::saw(WallTime date) { *seen_.lock() = Seen{.date = date, .at = clock_.now()}; }

std::chrono::nanoseconds ServerClock::skew() const {
  const auto seen = seen_.copy();
  if (!seen) return {};
  return (clock_.wall_now() - seen->date) - (clock_.now() - seen->at);
}

Result<Response> DatedTransport::send(const Request& request, std::stop_token stop) {
  auto response = inner_.send(request, std::move(stop));
  if (!response) return response;
  const auto date = response->headers.find("Date");
  if (date == response->headers.end()) return response;
  if (const auto time = parse_http_date(date->second)) server_.saw(*time);
  return response;
}

Result<Response> DatedTransport::stream(const Request& request, const OnChunk& on_chunk,
                                        std::stop_token stop) {
  return inner_.stream(request, on_chunk, std::move(stop));
}

}  // namespace apiclient::http
