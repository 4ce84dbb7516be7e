#include "http/transport_failure.h"

#include <algorithm>
#include <array>

namespace apiclient::http {
namespace {

struct Known {
  std::string_view theirs;  ///< beginning of the library's text
  std::string_view ours;
};
constexpr std::string_view kNoAnswer = "the connection ended before an answer";
constexpr std::string_view kHalfAnswer = "the connection ended in the middle of the answer";
constexpr std::array kKnown{
    Known{"Error resolving address", "the host name cannot be resolved"},
    Known{"Failed to resolve address", "the host name cannot be resolved"},
    Known{"Failed to connect", "cannot connect"},
    Known{"Error in SSL handshake",
          "the TLS handshake failed (is the certificate trusted, and for this name?)"},
    Known{"Failed to write request", "the connection broke while the request was sent"},
    Known{"Failed to read HTTP status line", kNoAnswer},
    Known{"cannot rewind input stream", kNoAnswer},
    Known{"Invalid HTTP status line", "the answer is not HTTP"},
    Known{"Retrieving message chunk header", kHalfAnswer},
    Known{"Failed to read chunked response", kHalfAnswer},
    Known{"Failed to read response body", kHalfAnswer},
    Known{"Invalid chunked response header", "the answer's chunks are malformed"},
};

}  // namespace

std::string_view describe_failure(std::string_view library_text) {
  const auto* const known = std::ranges::find_if(
      kKnown, [&](const Known& entry) { return library_text.starts_with(entry.theirs); });
  return known == kKnown.end() ? "the connection failed" : known->ours;
}

}  // namespace apiclient::http
