#include "backend/registry_error.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend {
namespace {

constexpr std::size_t kLongestProblem = 64U << 10U;
constexpr std::size_t kLongestCode = 40;

struct Problem {
  std::string code;
  std::string text;  ///< as it came
  ErrorKind kind = ErrorKind::protocol;
};

/// A word of ours, not prose: it is shown as it is.
bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= kLongestCode && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
  });
}

std::optional<Json> read_object(const http::Response& response) {
  auto document = json::parse(response.body, {.max_bytes = kLongestProblem, .max_depth = 8});
  if (!document || !document->is_object()) return std::nullopt;
  return std::move(*document);
}

ErrorKind kind_of_refusal(int status_code) {
  switch (status_code) {
    case 404: return ErrorKind::not_found;
    case 409: return ErrorKind::already_exists;
    case 412: return ErrorKind::conflict;
    case 400:
    case 413:
    case 415:
    case 422: return ErrorKind::invalid;
    default: return ErrorKind::protocol;
  }
}

ErrorKind kind_of_own_refusal(int status_code, std::string_view code) {
  if (status_code == 404 && code != "not_found") return ErrorKind::protocol;
  if (status_code == 409 && code != "already_exists") return ErrorKind::conflict;
  return kind_of_refusal(status_code);
}

/// RFC 9457 with our member `code`; empty for anything else.
std::optional<Problem> read_problem(const http::Response& response) {
  const auto document = read_object(response);
  if (!document) return std::nullopt;
  json::Problems mistakes;
  const json::Reader reader(*document, mistakes);
  Problem problem{.code = reader.optional_text("code").value_or(""),
                  .text = reader.optional_text("detail").value_or("")};
  if (problem.text.empty()) problem.text = reader.optional_text("title").value_or("");
  if (!is_code(problem.code)) return std::nullopt;
  problem.kind = kind_of_own_refusal(response.status_code, problem.code);
  return problem;
}

/// Some servers begin with the definition of the word (RFC 7591 §3.2.2), and say only then what is wrong.
std::string without_definition(std::string text) {
  constexpr std::string_view kEndOfDefinition = "for any requested parameter of a Client's Metadata.";
  const std::size_t at = text.find(kEndOfDefinition);
  if (at == std::string::npos) return text;
  const std::size_t begin = text.find_first_not_of(' ', at + kEndOfDefinition.size());
  return begin == std::string::npos ? text : text.substr(begin);
}

/// Both members, so that a gateway's {"error": "not found"} is none.
std::optional<Problem> read_oauth_error(const http::Response& response) {
  const auto document = read_object(response);
  if (!document) return std::nullopt;
  json::Problems mistakes;
  const json::Reader reader(*document, mistakes);
  Problem problem{.code = reader.text("error"),
                  .text = without_definition(reader.text("error_description")),
                  .kind = kind_of_refusal(response.status_code)};
  if (!mistakes.all().empty() || problem.code.empty()) return std::nullopt;
  if (problem.text.empty()) problem.text = problem.code;
  if (!is_code(problem.code)) problem.code.clear();
  return problem;
}

/// A 404 for anything else is about a realm or a path that is not there.
ErrorKind kind_of_keycloak_refusal(int status_code, std::string_view text) {
  const bool of_client = text == "Could not find client";
  return status_code == 404 && !of_client ? ErrorKind::protocol : kind_of_refusal(status_code);
}

std::optional<Problem> read_keycloak_error(const http::Response& response) {
  const auto document = read_object(response);
  if (!document) return std::nullopt;
  json::Problems mistakes;
  const json::Reader reader(*document, mistakes);
  const std::string word = reader.optional_text("error").value_or("");
  Problem problem{.code = is_code(word) ? word : std::string(),
                  .text = reader.optional_text("errorMessage").value_or("")};
  if (problem.text.empty()) problem.text = reader.optional_text("error_description").value_or("");
  if (problem.text.empty()) problem.text = word;
  if (problem.text.empty()) return std::nullopt;
  problem.kind = kind_of_keycloak_refusal(response.status_code, problem.text);
  return problem;
}

/// Keycloak's own words for these say nothing.
std::string_view advice_of_keycloak(ErrorKind kind) {
  if (kind == ErrorKind::unauthorized) {
    return "Keycloak refuses the operator's access token (HTTP 401): it must come from this realm, and from "
           "26.8.2 on the operator's client needs the client scope kc-admin-api";
  }
  if (kind == ErrorKind::forbidden) {
    return "the service account of the operator's client lacks a right (HTTP 403): it needs the roles "
           "manage-clients, view-clients and query-clients of realm-management";
  }
  return {};
}

ErrorKind kind_of(int status_code, const std::optional<Problem>& problem) {
  // These also come from whatever stands before the registry, and mean the same.
  if (status_code == 401) return ErrorKind::unauthorized;
  if (status_code == 403) return ErrorKind::forbidden;
  if (status_code == 429) return ErrorKind::throttled;
  if (status_code >= 500) return ErrorKind::unavailable;
  return problem ? problem->kind : ErrorKind::protocol;
}

std::string message_of(int status_code, const std::optional<Problem>& problem,
                       std::span<const std::string_view> secrets) {
  std::string status = "HTTP " + std::to_string(status_code);
  if (!problem) return status + ", and the answer is not the registry's own";
  const bool repeats_a_secret = std::ranges::any_of(secrets, [&](std::string_view secret) {
    return !secret.empty() && problem->text.find(secret) != std::string::npos;
  });
  if (problem->text.empty() || repeats_a_secret) return status;
  return cleaned(problem->text);
}

Error make_error(const http::Response& response, const std::optional<Problem>& problem,
                 std::span<const std::string_view> secrets) {
  Error error{.kind = kind_of(response.status_code, problem),
              .message = message_of(response.status_code, problem, secrets),
              .status_code = response.status_code,
              .code = problem ? problem->code : std::string()};
  const auto asked = http::retry_after_of(response);
  const bool may_ask = error.kind == ErrorKind::throttled || error.kind == ErrorKind::unavailable;
  if (may_ask && asked.count() > 0) error.retry_after = asked;
  return error;
}

/// Length of the UTF-8 sequence that begins with this byte; 1 for a stray one.
std::size_t sequence_length(unsigned char first) {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

/// C0, DELETE and C1 (which terminals obey too).
bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) return first < 0x20 || first >= 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

}  // namespace

std::string cleaned(std::string_view text, std::size_t longest) {
  std::string clean;
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == longest) return clean + "…";
    const std::string_view sequence =
        text.substr(0, sequence_length(static_cast<unsigned char>(text.front())));
    if (is_control(sequence)) {
      clean += ' ';
    } else {
      clean += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return clean;
}

Error error_from(const http::Response& response, std::span<const std::string_view> secrets) {
  return make_error(response, read_problem(response), secrets);
}

Error oauth_error_from(const http::Response& response, std::span<const std::string_view> secrets) {
  return make_error(response, read_oauth_error(response), secrets);
}

Error keycloak_error_from(const http::Response& response, std::span<const std::string_view> secrets) {
  Error error = make_error(response, read_keycloak_error(response), secrets);
  if (const auto advice = advice_of_keycloak(error.kind); !advice.empty()) error.message = advice;
  return error;
}

}  // namespace apiclient::backend
