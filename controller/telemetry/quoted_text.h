#pragma once
// A text as a JSON string (RFC 8259 §7), for lines that are built without a JSON library. Pure.

#include <string>
#include <string_view>

namespace apiclient::telemetry {

/// Appends the text in quotes, on one line. What is not UTF-8 becomes U+FFFD: a line that cannot be read is
/// worse.
void append_quoted(std::string& line, std::string_view text);

}  // namespace apiclient::telemetry
