#pragma once
// A duration as a member of our objects.

#include <chrono>
#include <optional>
#include <string_view>

#include "json/reader.h"

namespace apiclient::api {

/// Empty when the member is missing, or is none, which is then added to `problems`.
std::optional<std::chrono::milliseconds> read_duration(const json::Reader& reader, std::string_view member,
                                                       json::Problems& problems);

}  // namespace apiclient::api
