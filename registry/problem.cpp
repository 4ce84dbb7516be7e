#include "registry/problem.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "json/json.h"

namespace apiclient::registry {
namespace {

struct Row {
  Problem problem;
  std::string_view code;
  int status;
  ErrorKind kind;
  std::string_view title;
};

constexpr std::array<Row, 15> kRows{{
    {Problem::invalid_request, "invalid_request", 400, ErrorKind::invalid, "The request is not valid"},
    {Problem::unauthorized, "unauthorized", 401, ErrorKind::unauthorized, "A valid admin token is required"},
    {Problem::not_found, "not_found", 404, ErrorKind::not_found, "There is no such resource"},
    {Problem::no_such_path, "no_such_path", 404, ErrorKind::not_found, "There is nothing at this path"},
    {Problem::method_not_allowed, "method_not_allowed", 405, ErrorKind::invalid,
     "The method is not allowed here"},
    {Problem::already_exists, "already_exists", 409, ErrorKind::already_exists, "The client exists already"},
    {Problem::precondition_failed, "precondition_failed", 412, ErrorKind::conflict,
     "A precondition does not hold"},
    {Problem::revision_conflict, "revision_conflict", 409, ErrorKind::conflict,
     "The revision is not a new one"},
    {Problem::operation_conflict, "operation_conflict", 409, ErrorKind::conflict,
     "The operation id was used for something else"},
    {Problem::deleted_operation, "deleted_operation", 409, ErrorKind::conflict,
     "What the operation made was deleted since"},
    {Problem::too_many_secrets, "too_many_secrets", 409, ErrorKind::conflict,
     "The client has too many secrets"},
    {Problem::unsupported_media_type, "unsupported_media_type", 415, ErrorKind::invalid,
     "The body is of the wrong type"},
    {Problem::too_large, "too_large", 413, ErrorKind::invalid, "The body is too large"},
    {Problem::unavailable, "unavailable", 503, ErrorKind::unavailable, "The registry cannot do this now"},
    {Problem::internal, "internal", 500, ErrorKind::internal, "The registry failed"},
}};

const Row& row_of(Problem problem) { return kRows.at(static_cast<std::size_t>(problem)); }

Problem problem_of(const Error& error) {
  for (const Row& row : kRows)
    if (row.code == error.code) return row.problem;
  if (error.kind == ErrorKind::invalid || error.kind == ErrorKind::protocol) return Problem::invalid_request;
  if (error.kind == ErrorKind::not_found) return Problem::not_found;
  if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout) return Problem::unavailable;
  return Problem::internal;
}

}  // namespace

Failure refuse(Problem problem, std::string detail) {
  const Row& row = row_of(problem);
  return fail(Error{.kind = row.kind,
                    .message = std::move(detail),
                    .status_code = row.status,
                    .code = std::string(row.code)});
}

http::Response problem_response(Problem problem, std::string_view detail) {
  const Row& row = row_of(problem);
  const Json document{{"type", "urn:apiclient:error:" + std::string(row.code)},
                      {"title", row.title},
                      {"status", row.status},
                      {"detail", detail},
                      {"code", row.code}};
  http::Response response{.status_code = row.status,
                          .headers = {{"Content-Type", "application/problem+json"}},
                          .body = json::dump(document)};
  if (problem == Problem::unauthorized) response.headers.emplace("WWW-Authenticate", "Bearer");
  if (problem == Problem::unavailable) response.headers.emplace("Retry-After", "1");
  return response;
}

http::Response problem_response(const Error& error) {
  const Problem problem = problem_of(error);
  if (problem == Problem::internal) return problem_response(problem, "see the registry's log");
  if (problem == Problem::unavailable)
    return problem_response(problem, "the store did not answer; try again");
  return problem_response(problem, error.message);
}

}  // namespace apiclient::registry
