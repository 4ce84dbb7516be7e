#pragma once
// Shortens text for people. Pure.

#include <string>
#include <string_view>

namespace apiclient::kube {

/// At most `max_bytes` of the text, never ending inside a UTF-8 character.
inline std::string cut_text(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end));
}

}  // namespace apiclient::kube
