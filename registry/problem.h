#pragma once
// Refusals of the admin API as RFC 9457 problem documents. Pure functions. A detail never holds a secret.

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace apiclient::registry {

/// One row of the API's error table; `docs/registry-api.md` lists them.
enum class Problem {
  invalid_request,
  unauthorized,
  not_found,
  no_such_path,
  method_not_allowed,
  already_exists,
  precondition_failed,
  revision_conflict,
  operation_conflict,
  deleted_operation,
  too_many_secrets,
  unsupported_media_type,
  too_large,
  unavailable,
  internal,
};

/// A failure whose `code` names the problem.
Failure refuse(Problem problem, std::string detail);

http::Response problem_response(Problem problem, std::string_view detail);
/// By the error's `code`, else by its kind; the text of an internal or storage error stays in the log.
http::Response problem_response(const Error& error);

}  // namespace apiclient::registry
