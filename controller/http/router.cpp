// GCC 12 sees uninitialised members in std::regex that are none (its bug 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include "http/router.h"

#include <utility>

#include "http/uri.h"

namespace apiclient::http {

Result<Router> Router::make(std::vector<Route> routes) {
  Router router;
  for (Route& route : routes) {
    try {
      std::regex pattern(route.pattern, std::regex::ECMAScript | std::regex::optimize);
      router.entries_.push_back({std::move(route), std::move(pattern)});
    } catch (const std::regex_error&) {
      return fail(ErrorKind::internal, "a route's pattern is not a regular expression");
    }
  }
  return router;
}

std::optional<Router::Match> Router::find(Method method, const std::string& path) const {
  Match match;
  for (const auto& [route, pattern] : entries_) {
    std::smatch groups;
    if (!std::regex_match(path, groups, pattern)) continue;
    if (route.method != method) {
      match.allowed.append(match.allowed.empty() ? "" : ", ").append(to_string(route.method));
      continue;
    }
    for (std::size_t i = 1; i < groups.size(); ++i) {
      auto capture = decode_segment(groups[i].str());
      if (!capture) return std::nullopt;
      match.captures.push_back(std::move(*capture));
    }
    match.route = &route;
    return match;
  }
  return match;
}

}  // namespace apiclient::http
