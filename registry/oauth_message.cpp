#include "registry/oauth_message.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "http/uri.h"

namespace apiclient::registry {
namespace {

constexpr OAuthError kNotAForm{"invalid_request", "the body must be application/x-www-form-urlencoded"};
constexpr OAuthError kRepeated{"invalid_request", "a parameter is there twice"};

bool is_form(const http::ServerRequest& request) {
  const auto type = http::find_header(request.headers, "Content-Type");
  const auto end = std::min(type.find(';'), type.size());
  std::string name(type.substr(0, end));
  name.erase(name.find_last_not_of(" \t") + 1);
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "application/x-www-form-urlencoded";
}

bool has_repeated(const Form& form, std::string_view repeatable) {
  return std::ranges::any_of(form, [&](const auto& pair) {
    return pair.first != repeatable && std::ranges::count(form, pair.first, &Form::value_type::first) > 1;
  });
}

}  // namespace

std::string_view form_value(const Form& form, std::string_view name) {
  const auto found = std::ranges::find(form, name, &Form::value_type::first);
  return found == form.end() ? std::string_view{} : std::string_view(found->second);
}

std::vector<std::string> form_values(const Form& form, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [member, value] : form)
    if (member == name && !value.empty()) values.push_back(value);
  return values;
}

std::variant<Form, OAuthRefusal> read_form(const http::ServerRequest& request, std::string_view repeatable) {
  if (!is_form(request)) return OAuthRefusal{kNotAForm};
  auto form = http::parse_form(request.body);
  if (!form) return OAuthRefusal{kNotAForm};
  if (has_repeated(*form, repeatable)) return OAuthRefusal{kRepeated};
  return *std::move(form);
}

http::Response oauth_response(int status_code, const Json& body) {
  return {.status_code = status_code,
          .headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"Pragma", "no-cache"}},
          .body = json::dump(body)};
}

http::Response refusal_response(const OAuthRefusal& refusal) {
  http::Response response = oauth_response(
      refusal.status_code, {{"error", refusal.error.code}, {"error_description", refusal.error.description}});
  if (refusal.status_code == 401)
    response.headers.emplace("WWW-Authenticate", "Basic realm=\"oauth2\", charset=\"UTF-8\"");
  if (refusal.retry_after.count() > 0)
    response.headers.emplace("Retry-After", std::to_string(refusal.retry_after.count()));
  return response;
}

}  // namespace apiclient::registry
