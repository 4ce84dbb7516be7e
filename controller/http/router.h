#pragma once
// Finds the route of a request. Immutable, so thread-safe.

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "http/server.h"

namespace apiclient::http {

class Router {
 public:
  /// Errors: internal, when a pattern is not a regular expression.
  static Result<Router> make(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;       ///< null when there is none
    std::vector<std::string> captures;  ///< percent-decoded
    std::string allowed;                ///< methods that this path has, when the asked one is not among them
  };
  /// `path` as sent. Empty when a captured part is not properly percent-encoded.
  [[nodiscard]] std::optional<Match> find(Method method, const std::string& path) const;

 private:
  struct Entry {
    Route route;
    std::regex pattern;
  };
  std::vector<Entry> entries_;
};

}  // namespace apiclient::http
