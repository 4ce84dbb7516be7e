#include "kube/warning_log.h"

#include <optional>

#include "kube/cut_text.h"

namespace apiclient::kube {
namespace {

// Enough for any real server; after that the oldest knowledge is dropped, and a text may be logged again.
constexpr std::size_t kMaxSeen = 256;
constexpr std::size_t kMaxText = 512;

/// A quoted-string at the front of `rest` (RFC 9110 §5.6.4), which is moved behind it.
std::optional<std::string> take_quoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::nullopt;
  std::string text;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return text;
    }
    if (rest[i] == '\\' && ++i == rest.size()) break;
    text += rest[i];
  }
  return std::nullopt;
}

void skip(std::string_view& rest, std::string_view letters) {
  rest.remove_prefix(std::min(rest.find_first_not_of(letters), rest.size()));
}

void skip_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find(' '), rest.size()));
  skip(rest, " ");
}

}  // namespace

std::vector<std::string> parse_warnings(std::string_view header) {
  std::vector<std::string> texts;
  while (!header.empty()) {
    const bool wanted = header.starts_with("299 ");
    skip_word(header);  // warn-code
    skip_word(header);  // warn-agent
    const auto text = take_quoted(header);
    if (!text) break;
    if (wanted) texts.push_back(cut_text(*text, kMaxText));
    skip(header, " ");
    if (header.starts_with('"')) take_quoted(header);  // warn-date
    skip(header, ", ");
  }
  return texts;
}

void WarningLog::note(std::string_view header) {
  for (const std::string& text : parse_warnings(header)) {
    {
      auto seen = seen_.lock();
      if (seen->size() >= kMaxSeen) seen->clear();
      if (!seen->insert(text).second) continue;
    }
    log_.info("warning of the API server", {{"warning", text}});
  }
}

}  // namespace apiclient::kube
