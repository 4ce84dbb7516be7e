#include "kube/api_error.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace apiclient::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Row {
  const char* name;
  int code;
  Json status;
  ErrorKind kind;
  const char* word;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

Json a_status(int code, const char* reason, const char* cause = nullptr) {
  Json status = {{"kind", "Status"}, {"apiVersion", "v1"},  {"code", code},
                 {"reason", reason}, {"status", "Failure"}, {"message", "the server's words"}};
  if (cause != nullptr) status["details"]["causes"] = {{{"reason", cause}, {"message", "x"}}};
  return status;
}

class ApiErrorTest : public testing::TestWithParam<Row> {};

TEST_P(ApiErrorTest, OfAReply) {
  const Error error = error_from({.status_code = GetParam().code, .body = GetParam().status.dump()});
  EXPECT_EQ(to_string(error.kind), to_string(GetParam().kind));
  EXPECT_EQ(error.code, GetParam().word);
  EXPECT_EQ(error.status_code, GetParam().code);
  EXPECT_EQ(error.message, "the server's words");
}

TEST_P(ApiErrorTest, OfAnErrorEvent) {
  const Error error = error_from_status(GetParam().status);
  EXPECT_EQ(to_string(error.kind), to_string(GetParam().kind));
  EXPECT_EQ(error.code, GetParam().word);
}

INSTANTIATE_TEST_SUITE_P(
    Statuses, ApiErrorTest,
    testing::Values(
        Row{"BadRequest", 400, a_status(400, "BadRequest"), ErrorKind::invalid, "BadRequest"},
        Row{"Unauthorized", 401, a_status(401, "Unauthorized"), ErrorKind::unauthorized, "Unauthorized"},
        Row{"Forbidden", 403, a_status(403, "Forbidden"), ErrorKind::forbidden, "Forbidden"},
        Row{"NamespaceTerminating", 403, a_status(403, "Forbidden", "NamespaceTerminating"),
            ErrorKind::forbidden, "NamespaceTerminating"},
        Row{"NotFound", 404, a_status(404, "NotFound"), ErrorKind::not_found, "NotFound"},
        Row{"MethodNotAllowed", 405, a_status(405, "MethodNotAllowed"), ErrorKind::invalid,
            "MethodNotAllowed"},
        Row{"AlreadyExists", 409, a_status(409, "AlreadyExists"), ErrorKind::already_exists, "AlreadyExists"},
        Row{"Conflict", 409, a_status(409, "Conflict"), ErrorKind::conflict, "Conflict"},
        Row{"Expired", 410, a_status(410, "Expired"), ErrorKind::expired, "Expired"},
        Row{"Gone", 410, a_status(410, "Gone"), ErrorKind::expired, "Gone"},
        Row{"ExpiredBehindAnotherCode", 400, a_status(400, "ResourceExpired"), ErrorKind::expired,
            "ResourceExpired"},
        Row{"TooLarge", 413, a_status(413, "RequestEntityTooLarge"), ErrorKind::invalid,
            "RequestEntityTooLarge"},
        Row{"Invalid", 422, a_status(422, "Invalid"), ErrorKind::invalid, "Invalid"},
        Row{"TooManyRequests", 429, a_status(429, "TooManyRequests"), ErrorKind::throttled,
            "TooManyRequests"},
        Row{"InternalError", 500, a_status(500, "InternalError"), ErrorKind::unavailable, "InternalError"},
        Row{"ServiceUnavailable", 503, a_status(503, "ServiceUnavailable"), ErrorKind::unavailable,
            "ServiceUnavailable"},
        Row{"Timeout", 504, a_status(504, "Timeout"), ErrorKind::unavailable, "Timeout"},
        Row{"ResourceVersionTooLarge", 504, a_status(504, "Timeout", "ResourceVersionTooLarge"),
            ErrorKind::expired, "Timeout"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ApiError, OfAReplyThatIsNoStatusSaysNothingOfItsBody) {
  for (const char* body :
       {"<html>secret-text</html>", "{\"kind\":\"Secret\",\"message\":\"secret-text\"}", "[]", ""}) {
    const Error error = error_from({.status_code = 502, .body = body});
    EXPECT_EQ(error.kind, ErrorKind::unavailable);
    EXPECT_EQ(error.message, "HTTP status 502 without a Kubernetes Status");
  }
  EXPECT_EQ(error_from({.status_code = 404, .body = "404 page not found"}).kind, ErrorKind::not_found);
  EXPECT_EQ(error_from({.status_code = 302}).kind, ErrorKind::protocol);
}

TEST(ApiError, PauseComesFromTheHeaderOrElseFromTheDetails) {
  Json status = a_status(429, "TooManyRequests");
  status["details"]["retryAfterSeconds"] = 7;
  EXPECT_EQ(error_from({.status_code = 429, .body = status.dump()}).retry_after, milliseconds(seconds(7)));
  EXPECT_EQ(
      error_from({.status_code = 429, .headers = {{"Retry-After", "2"}}, .body = status.dump()}).retry_after,
      milliseconds(seconds(2)));
  EXPECT_EQ(error_from_status(status).retry_after, milliseconds(seconds(7)));
  EXPECT_EQ(error_from_status(a_status(429, "TooManyRequests")).retry_after, std::nullopt);
}

TEST(ApiError, MessageIsCutBetweenCharacters) {
  Json status = a_status(422, "Invalid");
  std::string message = "a";
  for (int i = 0; i < 400; ++i) message += "\xC3\xA9";
  status["message"] = message;
  const Error error = error_from_status(status);
  EXPECT_EQ(error.message, message.substr(0, 511));
}

TEST(ApiError, AnotherUidInAPatchIsAConflict) {
  Json status = a_status(422, "Invalid", "FieldValueInvalid");
  EXPECT_EQ(error_from_status(status).kind, ErrorKind::invalid);
  status["details"]["causes"][0]["field"] = "metadata.uid";
  EXPECT_EQ(error_from_status(status).kind, ErrorKind::conflict);
}

TEST(ApiError, WrongTypesInAStatusAreNotFatal) {
  const Error error =
      error_from({.status_code = 500, .body = R"({"kind":"Status","code":"x","reason":5,"details":[1]})"});
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.message, "HTTP status 500");
  EXPECT_EQ(error_from_status(Json::array()).kind, ErrorKind::protocol);
}

struct AbsenceRow {
  const char* name;
  int code;
  std::string body;
  bool absent;
};
void PrintTo(const AbsenceRow& row, std::ostream* out) { *out << row.name; }

class IsAbsenceTest : public testing::TestWithParam<AbsenceRow> {};

TEST_P(IsAbsenceTest, OnlyOfThatObject) {
  EXPECT_EQ(is_absence({.status_code = GetParam().code, .body = GetParam().body}, kSecrets, "web"),
            GetParam().absent);
}

std::string not_found(Json details) {
  return Json{{"kind", "Status"}, {"reason", "NotFound"}, {"code", 404}, {"details", std::move(details)}}
      .dump();
}

INSTANTIATE_TEST_SUITE_P(
    Replies, IsAbsenceTest,
    testing::Values(
        AbsenceRow{"ThatObject", 404, not_found({{"name", "web"}, {"kind", "secrets"}}), true},
        AbsenceRow{"NamedByKind", 404, not_found({{"name", "web"}, {"kind", "Secret"}}), true},
        AbsenceRow{"AnotherName", 404, not_found({{"name", "other"}, {"kind", "secrets"}}), false},
        AbsenceRow{"AnotherType", 404, not_found({{"name", "web"}, {"kind", "namespaces"}}), false},
        AbsenceRow{"TypeNotInstalled", 404, not_found(Json::object()), false},
        AbsenceRow{"PlainText", 404, "404 page not found\n", false},
        AbsenceRow{"AnotherCode", 403, not_found({{"name", "web"}, {"kind", "secrets"}}), false}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace apiclient::kube
