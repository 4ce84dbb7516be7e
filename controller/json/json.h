#pragma once
// JSON text to values and back, bounded, without exceptions at the border. Include <nlohmann/json.hpp> only
// in .cpp files that build or read values.

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace apiclient {

using Json = nlohmann::json;

namespace json {

struct ParseLimits {
  std::size_t max_bytes = 16U << 20U;
  std::size_t max_depth = 64;
};

/// RFC 8259. Error kind `protocol`; the message names the position and never repeats the text.
Result<Json> parse(std::string_view text, ParseLimits limits = {});
/// Compact. Bytes that are not UTF-8 become U+FFFD; never throws.
std::string dump(const Json& value);

}  // namespace json
}  // namespace apiclient
