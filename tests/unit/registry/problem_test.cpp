#include "registry/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "json/json.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Row {
  Problem problem;
  std::string name;  ///< the code
  int status;
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

class ProblemDocument : public ::testing::TestWithParam<Row> {};

TEST_P(ProblemDocument, IsRfc9457WithACode) {
  const auto response = problem_response(GetParam().problem, "what happened");
  EXPECT_EQ(response.status_code, GetParam().status);
  EXPECT_EQ(http::find_header(response.headers, "Content-Type"), "application/problem+json");
  const auto body = Json::parse(response.body);
  EXPECT_EQ(body.at("type"), "urn:apiclient:error:" + GetParam().name);
  EXPECT_EQ(body.at("code"), GetParam().name);
  EXPECT_EQ(body.at("status"), GetParam().status);
  EXPECT_EQ(body.at("detail"), "what happened");
  EXPECT_FALSE(body.at("title").get<std::string>().empty());
}

TEST_P(ProblemDocument, RefusalAnswersTheSame) {
  const Result<void> refused = refuse(GetParam().problem, "what happened");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, GetParam().name);
  EXPECT_EQ(refused.error().status_code, GetParam().status);
  EXPECT_EQ(problem_response(refused.error()).status_code, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    All, ProblemDocument,
    ::testing::Values(Row{Problem::invalid_request, "invalid_request", 400},
                      Row{Problem::unauthorized, "unauthorized", 401},
                      Row{Problem::not_found, "not_found", 404},
                      Row{Problem::no_such_path, "no_such_path", 404},
                      Row{Problem::method_not_allowed, "method_not_allowed", 405},
                      Row{Problem::already_exists, "already_exists", 409},
                      Row{Problem::precondition_failed, "precondition_failed", 412},
                      Row{Problem::revision_conflict, "revision_conflict", 409},
                      Row{Problem::operation_conflict, "operation_conflict", 409},
                      Row{Problem::deleted_operation, "deleted_operation", 409},
                      Row{Problem::too_many_secrets, "too_many_secrets", 409},
                      Row{Problem::unsupported_media_type, "unsupported_media_type", 415},
                      Row{Problem::too_large, "too_large", 413},
                      Row{Problem::unavailable, "unavailable", 503}, Row{Problem::internal, "internal", 500}),
    test::RowName());

TEST(ProblemResponse, KindDecidesWithoutACode) {
  EXPECT_EQ(problem_response(Error{ErrorKind::invalid, "x"}).status_code, 400);
  EXPECT_EQ(problem_response(Error{ErrorKind::unavailable, "x"}).status_code, 503);
  EXPECT_EQ(problem_response(Error{ErrorKind::conflict, "x"}).status_code, 500);
}

TEST(ProblemResponse, InnerTextStaysInside) {
  EXPECT_THAT(problem_response(Error{ErrorKind::internal, "table secrets"}).body,
              Not(HasSubstr("table secrets")));
  EXPECT_THAT(problem_response(Error{ErrorKind::unavailable, "disk path"}).body, Not(HasSubstr("disk path")));
}

}  // namespace
}  // namespace apiclient::registry
