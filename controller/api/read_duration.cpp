#include "api/read_duration.h"

#include <string>

#include "base/duration.h"

namespace apiclient::api {

std::optional<std::chrono::milliseconds> read_duration(const json::Reader& reader, std::string_view member,
                                                       json::Problems& problems) {
  const auto text = reader.optional_text(member);
  if (!text) return std::nullopt;
  const auto duration = parse_duration(*text);
  if (duration) return *duration;
  problems.add(reader.path() + "." + std::string(member), duration.error().message);
  return std::nullopt;
}

}  // namespace apiclient::api
