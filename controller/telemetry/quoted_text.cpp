#include "telemetry/quoted_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "base/utf8.h"

namespace apiclient::telemetry {

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char letter = text.front();
    if (length == 0) {
      line += "\xEF\xBF\xBD";
    } else if (letter == '"' || letter == '\\') {
      line.append(1, '\\').append(1, letter);
    } else if (letter == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) {
      line += fmt::format("\\u{:04x}", static_cast<unsigned>(letter));
    } else {
      line.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  line += '"';
}

}  // namespace apiclient::telemetry
