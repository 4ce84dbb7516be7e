#include "kube/api_error.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "json/reader.h"
#include "kube/cut_text.h"

namespace apiclient::kube {
namespace {

constexpr std::size_t kMaxMessage = 512;
constexpr json::ParseLimits kStatusLimits{.max_bytes = 1U << 20U, .max_depth = 32};

/// What we use of metav1.Status (Kubernetes API conventions, "Response Status Kind").
struct Status {
  int code = 0;
  std::string reason = {};
  std::string message = {};
  std::string details_name = {};
  std::string details_kind = {};
  std::vector<std::string> causes = {};  ///< reasons
  std::vector<std::string> fields = {};  ///< what the causes are about
  std::int64_t retry_after_seconds = 0;
};

/// Tolerant: what is missing or of another type stays empty, because an error must come out in any case.
Status read_status(const Json& value) {
  json::Problems ignored;
  const json::Reader reader(value, ignored);
  const json::Reader details = reader.object("details");
  Status status{
      .code = static_cast<int>(std::clamp<std::int64_t>(reader.optional_integer("code").value_or(0), 0, 999)),
      .reason = reader.optional_text("reason").value_or(""),
      .message = reader.optional_text("message").value_or(""),
      .details_name = details.optional_text("name").value_or(""),
      .details_kind = details.optional_text("kind").value_or(""),
      .retry_after_seconds = details.optional_integer("retryAfterSeconds").value_or(0)};
  details.each("causes", [&status](const json::Reader& cause) {
    status.causes.push_back(cause.optional_text("reason").value_or(""));
    status.fields.push_back(cause.optional_text("field").value_or(""));
  });
  return status;
}

bool is_status(const Json& value) {
  json::Problems ignored;
  return json::Reader(value, ignored).optional_text("kind") == "Status";
}

/// The Status in a body; empty (kind missing) when there is none.
std::optional<Status> status_in(const http::Response& response) {
  const auto body = json::parse(response.body, kStatusLimits);
  if (!body || !is_status(*body)) return std::nullopt;
  return read_status(*body);
}

bool contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

ErrorKind kind_of(int code, const Status& status) {
  const std::string& reason = status.reason;
  if (code == 410 || reason == "Expired" || reason == "ResourceExpired" || reason == "Gone") {
    return ErrorKind::expired;
  }
  if (code == 504 && contains(status.causes, "ResourceVersionTooLarge")) return ErrorKind::expired;
  // A patch that holds another uid is refused as a change of the uid: the object is another one of that name.
  if (code == 422 && contains(status.fields, "metadata.uid")) return ErrorKind::conflict;
  if (reason == "AlreadyExists") return ErrorKind::already_exists;
  switch (code) {
    case 401: return ErrorKind::unauthorized;
    case 403: return ErrorKind::forbidden;
    case 404: return ErrorKind::not_found;
    case 408: return ErrorKind::unavailable;
    case 409: return ErrorKind::conflict;
    case 429: return ErrorKind::throttled;
    default: break;
  }
  if (code >= 400 && code < 500) return ErrorKind::invalid;
  return code >= 500 ? ErrorKind::unavailable : ErrorKind::protocol;
}

Error make_error(int code, const Status& status) {
  Error error{.kind = kind_of(code, status),
              .message = cut_text(status.message, kMaxMessage),
              .status_code = code,
              .code = cut_text(status.reason, kMaxMessage)};
  if (error.message.empty()) error.message = "HTTP status " + std::to_string(code);
  if (code == 403 && contains(status.causes, "NamespaceTerminating")) error.code = "NamespaceTerminating";
  if (status.retry_after_seconds > 0) {
    error.retry_after = std::chrono::seconds(std::min<std::int64_t>(status.retry_after_seconds, 86'400));
  }
  return error;
}

}  // namespace

Error error_from(const http::Response& response) {
  const auto status = status_in(response);
  const Status without{.message =
                           "HTTP status " + std::to_string(response.status_code) +
                           (response.status_code == 404 ? ": the server has no such resource type or path"
                                                        : " without a Kubernetes Status")};
  Error error = make_error(response.status_code, status.value_or(without));
  if (const auto pause = http::retry_after_of(response); pause.count() > 0) error.retry_after = pause;
  return error;
}

Error error_from_status(const Json& value) {
  if (!is_status(value)) return {.kind = ErrorKind::protocol, .message = "an error event without a Status"};
  const Status status = read_status(value);
  return make_error(status.code, status);
}

bool is_absence(const http::Response& response, const ResourceType& type, std::string_view name) {
  if (response.status_code != 404) return false;
  const auto status = status_in(response);
  return status && status->details_name == name &&
         (status->details_kind == type.resource || status->details_kind == type.kind);
}

}  // namespace apiclient::kube
