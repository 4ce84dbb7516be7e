#pragma once
// Completes a list of routes: another method on a known path is 405 with Allow (RFC 9110 §15.5.6), any other
// path 404. Pure functions.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace apiclient::registry {

/// Routes are tried in order; the added ones come last.
std::vector<http::Route> complete_routes(std::vector<http::Route> routes);

/// Puts `wrapper` around every handler.
using Handler = std::function<http::Response(const http::ServerRequest&)>;
std::vector<http::Route> wrap_routes(std::vector<http::Route> routes,
                                     const std::function<Handler(Handler)>& wrapper);

/// `text` with every character that means something in a regular expression escaped.
std::string escape_pattern(std::string_view text);

}  // namespace apiclient::registry
