#pragma once
// What the public endpoints have in common: forms in, JSON of RFC 6749 §5 out. Pure functions. A refusal
// never repeats what was sent.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "http/server.h"
#include "json/json.h"

namespace apiclient::registry {

using Form = std::vector<std::pair<std::string, std::string>>;

/// First value; empty when missing.
std::string_view form_value(const Form& form, std::string_view name);
/// All that are not empty: an empty one counts as missing (RFC 6749 §3.2).
std::vector<std::string> form_values(const Form& form, std::string_view name);

/// `code` is an error word of RFC 6749 §5.2 or of the endpoint's own RFC.
struct OAuthError {
  std::string_view code;
  std::string_view description;
};

struct OAuthRefusal {
  OAuthError error;
  int status_code = 400;
  std::chrono::seconds retry_after{0};  ///< 0: none is given
};

/// The body as a form; no parameter twice but the one named `repeatable`.
std::variant<Form, OAuthRefusal> read_form(const http::ServerRequest& request,
                                           std::string_view repeatable = {});

/// Never to be cached (RFC 6749 §5.1).
http::Response oauth_response(int status_code, const Json& body);
/// A 401 carries a challenge, also when the credentials came in the body (RFC 9110 §15.5.2).
http::Response refusal_response(const OAuthRefusal& refusal);

}  // namespace apiclient::registry
