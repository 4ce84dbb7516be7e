#pragma once
// Words for what went wrong in the transport library. Pure.

#include <string_view>

namespace apiclient::http {

/// The library's messages are not passed on: some might hold data. The ones known to be fixed words are
/// replaced by clearer ones, all others by "the connection failed".
std::string_view describe_failure(std::string_view library_text);

}  // namespace apiclient::http
