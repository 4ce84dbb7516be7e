#pragma once
// Text that must be UTF-8 (RFC 3629) wherever it comes from. Pure functions.

#include <string>
#include <string_view>

namespace apiclient {

/// Bytes of the character that `text` begins with; 0 when it begins with none.
std::size_t utf8_length(std::string_view text);
/// The same text with U+FFFD in place of each byte that belongs to no character.
std::string to_valid_utf8(std::string_view text);

}  // namespace apiclient
