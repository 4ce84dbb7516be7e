#include "base/duration.h"

#include <array>
#include <charconv>

namespace apiclient {
namespace {

struct Unit {
  std::string_view name;
  std::chrono::milliseconds length;
};
constexpr std::array<Unit, 6> kUnits{{{"w", std::chrono::weeks(1)},
                                      {"d", std::chrono::days(1)},
                                      {"h", std::chrono::hours(1)},
                                      {"m", std::chrono::minutes(1)},
                                      {"s", std::chrono::seconds(1)},
                                      {"ms", std::chrono::milliseconds(1)}}};
constexpr int kMostDigits = 7;

Failure malformed(std::string_view text) {
  return fail(ErrorKind::invalid, "\"" + std::string(text) + "\" is not a duration; write for example 1h30m");
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  std::chrono::milliseconds total{0};
  std::size_t next_unit = 0;
  if (rest.empty()) return malformed(text);
  while (!rest.empty()) {
    long number = 0;
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const auto digits = end - rest.data();
    if (problem != std::errc() || rest.front() == '-' || digits > kMostDigits) return malformed(text);
    rest.remove_prefix(static_cast<std::size_t>(digits));
    const std::string_view name = rest.substr(0, std::min(rest.find_first_of("0123456789"), rest.size()));
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return malformed(text);
    total += kUnits[next_unit++].length * number;
    rest.remove_prefix(name.size());
  }
  return total;
}

std::string format_duration(std::chrono::milliseconds duration) {
  std::string text;
  for (const Unit& unit : kUnits) {
    const auto count = duration / unit.length;
    if (count > 0) text += std::to_string(count) + std::string(unit.name);
    duration %= unit.length;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace apiclient
