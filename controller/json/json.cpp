#include "json/json.h"

#include <nlohmann/json.hpp>

namespace apiclient::json {
namespace {

/// Finds nesting that the recursive parts of the parser's users could not bear, before anything is built.
bool deeper_than(std::string_view text, std::size_t max_depth) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (in_string) {
      if (letter == '\\') ++i;
      if (letter == '"') in_string = false;
    } else if (letter == '"') {
      in_string = true;
    } else if (letter == '{' || letter == '[') {
      if (++depth > max_depth) return true;
    } else if ((letter == '}' || letter == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse(std::string_view text, ParseLimits limits) {
  if (text.size() > limits.max_bytes) {
    return fail(ErrorKind::protocol, "JSON is longer than " + std::to_string(limits.max_bytes) + " bytes");
  }
  if (deeper_than(text, limits.max_depth)) {
    return fail(ErrorKind::protocol,
                "JSON is nested deeper than " + std::to_string(limits.max_depth) + " levels");
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& problem) {
    return fail(ErrorKind::protocol, "not JSON at byte " + std::to_string(problem.byte));
  } catch (const Json::exception&) {
    return fail(ErrorKind::protocol, "JSON holds a number out of range");
  }
}

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace apiclient::json
