#pragma once
// The Authorization header as a server reads it.

#include <string_view>

namespace apiclient::http {

/// What stands behind `scheme`, without spaces around it; empty when it is another scheme (RFC 9110
/// section 11.4). The case of a scheme does not matter (section 11.1). The result is part of `authorization`.
std::string_view credentials_of(std::string_view authorization, std::string_view scheme);

}  // namespace apiclient::http
