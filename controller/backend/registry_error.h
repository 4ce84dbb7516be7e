#pragma once
// What a refusal of a registry's admin API means to us. Pure functions.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace apiclient::backend {

/// Ory Hydra says what is wrong at the end of a long sentence.
constexpr std::size_t kLongestForeignText = 400;

/// Foreign text made fit for a message: control characters become spaces, cut to `longest` characters.
std::string cleaned(std::string_view text, std::size_t longest = kLongestForeignText);

/// For any answer but the one that was hoped for. The message is the problem document's detail or title
/// (RFC 9457), never the body; it is left out when it repeats one of `secrets`. An answer that is not the
/// registry's own is `protocol`, a 404 too: only a problem document may say that a client does not exist.
Error error_from(const http::Response& response, std::span<const std::string_view> secrets = {});

/// The same for a registry whose refusals are {"error": word, "error_description": text}, as RFC 6749 §5.2
/// and RFC 7591 §3.2.2 have them.
Error oauth_error_from(const http::Response& response, std::span<const std::string_view> secrets = {});

/// The same for Keycloak's Admin REST API, whose refusals are one or the other of {"errorMessage": text},
/// {"error": word, "error_description": text} and {"error": text}. Only its own word about a client makes a
/// 404 `not_found`. Where the operator's own rights are in question the message names the fix.
Error keycloak_error_from(const http::Response& response, std::span<const std::string_view> secrets = {});

}  // namespace apiclient::backend
