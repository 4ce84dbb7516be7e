#include "registry/route_table.h"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "registry/problem.h"

namespace apiclient::registry {
namespace {

using http::Method;

constexpr std::array<Method, 5> kMethods{Method::get, Method::post, Method::put, Method::patch, Method::del};

std::string allow_list(const std::set<Method>& methods) {
  std::string text;
  for (const Method method : methods) text.append(text.empty() ? "" : ", ").append(http::to_string(method));
  return text;
}

http::Response method_not_allowed(const std::string& allowed) {
  http::Response response = problem_response(Problem::method_not_allowed, "allowed here: " + allowed);
  response.headers.insert_or_assign("Allow", allowed);
  return response;
}

http::Response no_such_path(const http::ServerRequest& /*request*/) {
  return problem_response(Problem::no_such_path, "check the URL");
}

void refuse_other_methods(const std::string& pattern, const std::set<Method>& known,
                          std::vector<http::Route>& routes) {
  const auto refuse = [allowed = allow_list(known)](const http::ServerRequest&) {
    return method_not_allowed(allowed);
  };
  for (const Method method : kMethods)
    if (!known.contains(method)) routes.push_back({method, pattern, refuse});
}

}  // namespace

std::vector<http::Route> complete_routes(std::vector<http::Route> routes) {
  std::map<std::string, std::set<Method>> known;
  for (const auto& route : routes) known[route.pattern].insert(route.method);
  for (const auto& [pattern, methods] : known) refuse_other_methods(pattern, methods, routes);
  for (const Method method : kMethods) routes.push_back({method, ".*", no_such_path});
  return routes;
}

std::vector<http::Route> wrap_routes(std::vector<http::Route> routes,
                                     const std::function<Handler(Handler)>& wrapper) {
  for (auto& route : routes) route.handle = wrapper(std::move(route.handle));
  return routes;
}

std::string escape_pattern(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view(R"(\^$.|?*+()[]{})").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace apiclient::registry
