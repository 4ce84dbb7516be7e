#pragma once
// Base64 (RFC 4648 §4 and §5) and hex. Pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace apiclient {

/// With padding, as Kubernetes writes Secret data.
std::string base64_encode(std::string_view bytes);
/// Empty when the text is not base64. Line breaks are accepted, as in a kubeconfig.
std::optional<std::string> base64_decode(std::string_view text);
/// URL-safe alphabet, no padding.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);

}  // namespace apiclient
