#pragma once
// Warnings that the API server sends with its answers (RFC 7234 §5.5, warn-code 299): each text is logged
// once.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "telemetry/log.h"

namespace apiclient::kube {

/// The texts of a Warning header, which may hold several. What is malformed ends the list.
std::vector<std::string> parse_warnings(std::string_view header);

/// Thread-safe.
class WarningLog {
 public:
  /// `header` may be empty.
  void note(std::string_view header);

 private:
  telemetry::Log log_;
  Guarded<std::set<std::string>> seen_;
};

}  // namespace apiclient::kube
