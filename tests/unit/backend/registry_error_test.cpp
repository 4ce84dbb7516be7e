#include "backend/registry_error.h"

#include <gtest/gtest.h>

#include <array>

namespace apiclient::backend {
namespace {

std::string problem(const std::string& code, const std::string& detail = "what happened") {
  return R"({"type":"urn:x","title":"A title","status":400,"detail":")" + detail + R"(","code":")" + code +
         "\"}";
}

struct AnswerCase {
  const char* name;
  int status_code;
  std::string body;
  ErrorKind kind;
  std::string code;
  std::string message;
};
void PrintTo(const AnswerCase& row, std::ostream* out) { *out << row.name; }

class Answers : public testing::TestWithParam<AnswerCase> {};

TEST_P(Answers, HaveOneMeaning) {
  const AnswerCase& row = GetParam();
  const Error error = error_from({.status_code = row.status_code, .body = row.body});
  EXPECT_EQ(error.kind, row.kind);
  EXPECT_EQ(error.code, row.code);
  EXPECT_EQ(error.message, row.message);
  EXPECT_EQ(error.status_code, row.status_code);
  EXPECT_FALSE(error.retry_after.has_value());
}

const std::string kHtml = "<html><body>not here</body></html>";
const std::string kNotOwn = ", and the answer is not the registry's own";

INSTANTIATE_TEST_SUITE_P(
    Table, Answers,
    testing::Values(
        AnswerCase{"WrongToken", 401, problem("unauthorized"), ErrorKind::unauthorized, "unauthorized",
                   "what happened"},
        AnswerCase{"WrongTokenByProxy", 401, kHtml, ErrorKind::unauthorized, "", "HTTP 401" + kNotOwn},
        AnswerCase{"Forbidden", 403, kHtml, ErrorKind::forbidden, "", "HTTP 403" + kNotOwn},
        AnswerCase{"NoSuchClient", 404, problem("not_found"), ErrorKind::not_found, "not_found",
                   "what happened"},
        AnswerCase{"NoSuchPage", 404, kHtml, ErrorKind::protocol, "", "HTTP 404" + kNotOwn},
        AnswerCase{"NoSuchPageAsJson", 404, R"({"message":"no route"})", ErrorKind::protocol, "",
                   "HTTP 404" + kNotOwn},
        AnswerCase{"OtherProblemAsNotFound", 404, problem("no_route"), ErrorKind::protocol, "no_route",
                   "what happened"},
        AnswerCase{"Exists", 409, problem("already_exists"), ErrorKind::already_exists, "already_exists",
                   "what happened"},
        AnswerCase{"OlderRevision", 409, problem("revision_conflict"), ErrorKind::conflict,
                   "revision_conflict", "what happened"},
        AnswerCase{"OperationUsed", 409, problem("operation_conflict"), ErrorKind::conflict,
                   "operation_conflict", "what happened"},
        AnswerCase{"OperationDeleted", 409, problem("deleted_operation"), ErrorKind::conflict,
                   "deleted_operation", "what happened"},
        AnswerCase{"NoSlot", 409, problem("too_many_secrets"), ErrorKind::conflict, "too_many_secrets",
                   "what happened"},
        AnswerCase{"ConflictOfSomethingElse", 409, kHtml, ErrorKind::protocol, "", "HTTP 409" + kNotOwn},
        AnswerCase{"OtherOwner", 412, problem("precondition_failed"), ErrorKind::conflict,
                   "precondition_failed", "what happened"},
        AnswerCase{"Refused", 400, problem("invalid_request"), ErrorKind::invalid, "invalid_request",
                   "what happened"},
        AnswerCase{"TooLarge", 413, problem("too_large"), ErrorKind::invalid, "too_large", "what happened"},
        AnswerCase{"OtherType", 415, problem("unsupported_media_type"), ErrorKind::invalid,
                   "unsupported_media_type", "what happened"},
        AnswerCase{"RefusedByProxy", 400, kHtml, ErrorKind::protocol, "", "HTTP 400" + kNotOwn},
        AnswerCase{"OtherMethod", 405, problem("method_not_allowed"), ErrorKind::protocol,
                   "method_not_allowed", "what happened"},
        AnswerCase{"Redirect", 302, "", ErrorKind::protocol, "", "HTTP 302" + kNotOwn},
        AnswerCase{"Throttled", 429, "", ErrorKind::throttled, "", "HTTP 429" + kNotOwn},
        AnswerCase{"Broken", 500, kHtml, ErrorKind::unavailable, "", "HTTP 500" + kNotOwn},
        AnswerCase{"Unavailable", 503, problem("unavailable"), ErrorKind::unavailable, "unavailable",
                   "what happened"},
        AnswerCase{"CodeThatIsProse", 400, problem("Bad thing <b>"), ErrorKind::protocol, "",
                   "HTTP 400" + kNotOwn},
        AnswerCase{"NoDetail", 400, problem("invalid_request", ""), ErrorKind::invalid, "invalid_request",
                   "A title"}),
    [](const auto& row) { return row.param.name; });

TEST(RegistryError, RetryAfterIsKeptWhereWaitingHelps) {
  const http::Headers headers{{"Retry-After", "7"}};
  EXPECT_EQ(error_from({.status_code = 429, .headers = headers}).retry_after, std::chrono::seconds(7));
  EXPECT_EQ(error_from({.status_code = 503, .headers = headers}).retry_after, std::chrono::seconds(7));
  EXPECT_FALSE(error_from({.status_code = 401, .headers = headers}).retry_after.has_value());
}

TEST(RegistryError, ForeignTextIsCutAndCleaned) {
  const std::string detail = std::string("a\\nb\\u0000c\\u001b[31m") + std::string(500, 'x');
  const Error error = error_from({.status_code = 400, .body = problem("invalid_request", detail)});
  EXPECT_TRUE(error.message.starts_with("a b c [31mxxx")) << error.message;
  EXPECT_EQ(error.message.size(), kLongestForeignText + std::string("…").size());
  EXPECT_TRUE(error.message.ends_with("x…"));
}

TEST(RegistryError, SecretThatTheRegistryRepeatsIsNotPassedOn) {
  const std::array<std::string_view, 2> secrets{"admin-token", "s3cr3t-value"};
  for (const std::string_view secret : secrets) {
    const Error error = error_from(
        {.status_code = 400, .body = problem("invalid_request", "value " + std::string(secret) + " is bad")},
        secrets);
    EXPECT_EQ(error.kind, ErrorKind::invalid);
    EXPECT_EQ(error.message, "HTTP 400");
  }
}

TEST(RegistryError, EmptySecretHidesNothing) {
  const std::array<std::string_view, 1> secrets{""};
  EXPECT_EQ(error_from({.status_code = 400, .body = problem("invalid_request")}, secrets).message,
            "what happened");
}

TEST(RegistryError, HugeProblemIsNotRead) {
  const Error error =
      error_from({.status_code = 404, .body = problem("not_found", std::string(100'000, 'x'))});
  EXPECT_EQ(error.kind, ErrorKind::protocol);
}

struct CleanCase {
  const char* name;
  std::string text;
  std::size_t longest;
  std::string expected;
};
void PrintTo(const CleanCase& row, std::ostream* out) { *out << row.name; }

class Cleaned : public testing::TestWithParam<CleanCase> {};

TEST_P(Cleaned, Text) { EXPECT_EQ(cleaned(GetParam().text, GetParam().longest), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(Table, Cleaned,
                         testing::Values(CleanCase{"Short", "abc", 3, "abc"}, CleanCase{"Empty", "", 3, ""},
                                         CleanCase{"Cut", "abcd", 3, "abc…"},
                                         CleanCase{"CountsCharacters", "äöü€", 4, "äöü€"},
                                         CleanCase{"CutsBetweenCharacters", "äöü€", 3, "äöü…"},
                                         CleanCase{"ControlCharacters",
                                                   "a\tb\x7f"
                                                   "c\r\n",
                                                   9, "a b c  "},
                                         CleanCase{"UpperControls",
                                                   "a\xc2\x85"
                                                   "b",
                                                   9, "a b"},
                                         CleanCase{"KeepsNoBreakSpace",
                                                   "a\xc2\xa0"
                                                   "b",
                                                   9,
                                                   "a\xc2\xa0"
                                                   "b"},
                                         CleanCase{"StrayByte",
                                                   "a\x80"
                                                   "b",
                                                   9, "a b"},
                                         CleanCase{"TruncatedCharacter", "a\xc3", 9, "a "}),
                         [](const auto& row) { return row.param.name; });

class OAuthAnswers : public testing::TestWithParam<AnswerCase> {};

TEST_P(OAuthAnswers, HaveOneMeaning) {
  const AnswerCase& row = GetParam();
  const Error error = oauth_error_from({.status_code = row.status_code, .body = row.body});
  EXPECT_EQ(error.kind, row.kind);
  EXPECT_EQ(error.code, row.code);
  EXPECT_EQ(error.message, row.message);
}

std::string oauth(const std::string& word, const std::string& description) {
  return R"({"error":")" + word + R"(","error_description":")" + description + "\"}";
}

INSTANTIATE_TEST_SUITE_P(
    Table, OAuthAnswers,
    testing::Values(
        AnswerCase{"Refused", 400, oauth("invalid_redirect_uri", "no fragment"), ErrorKind::invalid,
                   "invalid_redirect_uri", "no fragment"},
        AnswerCase{"AfterTheDefinitionOfTheWord", 400,
                   oauth("invalid_client_metadata",
                         "The value of one of the Client Metadata fields is invalid and the "
                         "server has rejected this request. Note that an Authorization Server MAY "
                         "choose to substitute a valid value for any requested parameter of a "
                         "Client's Metadata. scope has no such name"),
                   ErrorKind::invalid, "invalid_client_metadata", "scope has no such name"},
        AnswerCase{"ProseInsteadOfAWord", 409, oauth("It exists", ""), ErrorKind::already_exists, "",
                   "It exists"},
        AnswerCase{"NoSuchClient", 404, oauth("Not Found", ""), ErrorKind::not_found, "", "Not Found"},
        AnswerCase{"NoSuchPage", 404, kHtml, ErrorKind::protocol, "", "HTTP 404" + kNotOwn},
        AnswerCase{"NoSuchRoute", 404, R"({"error":"no route"})", ErrorKind::protocol, "",
                   "HTTP 404" + kNotOwn},
        AnswerCase{"ErrorOfAGateway", 404, R"({"error":{"code":404},"error_description":""})",
                   ErrorKind::protocol, "", "HTTP 404" + kNotOwn},
        AnswerCase{"WrongToken", 401, "", ErrorKind::unauthorized, "", "HTTP 401" + kNotOwn},
        AnswerCase{"Broken", 500, oauth("server_error", "try again"), ErrorKind::unavailable, "server_error",
                   "try again"},
        AnswerCase{"Moved", 302, oauth("moved", ""), ErrorKind::protocol, "moved", "moved"}),
    [](const auto& row) { return row.param.name; });

class KeycloakAnswers : public testing::TestWithParam<AnswerCase> {};

TEST_P(KeycloakAnswers, HaveOneMeaning) {
  const AnswerCase& row = GetParam();
  const Error error = keycloak_error_from({.status_code = row.status_code, .body = row.body});
  EXPECT_EQ(error.kind, row.kind);
  EXPECT_EQ(error.code, row.code);
  EXPECT_TRUE(error.message.find(row.message) != std::string::npos) << error.message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeycloakAnswers,
    testing::Values(AnswerCase{"Exists", 409, R"({"errorMessage":"Client a already exists"})",
                               ErrorKind::already_exists, "", "Client a already exists"},
                    AnswerCase{"Refused", 400, oauth("invalid_input", "Base URL uses an illegal scheme"),
                               ErrorKind::invalid, "invalid_input", "Base URL uses an illegal scheme"},
                    AnswerCase{"NoSuchClient", 404, R"({"error":"Could not find client"})",
                               ErrorKind::not_found, "", "Could not find client"},
                    AnswerCase{"NoSuchRealm", 404, R"({"error":"Realm not found."})", ErrorKind::protocol, "",
                               "Realm not found."},
                    AnswerCase{"NoSuchPath", 404, R"({"error":"HTTP 404 Not Found"})", ErrorKind::protocol,
                               "", "HTTP 404 Not Found"},
                    AnswerCase{"NoSuchPage", 404, kHtml, ErrorKind::protocol, "", "HTTP 404" + kNotOwn},
                    AnswerCase{"RefusedToken", 401, R"({"error":"HTTP 401 Unauthorized"})",
                               ErrorKind::unauthorized, "", "client scope kc-admin-api"},
                    AnswerCase{"NoRight", 403, R"({"error":"HTTP 403 Forbidden"})", ErrorKind::forbidden, "",
                               "manage-clients, view-clients and query-clients"},
                    AnswerCase{"Broken", 500, oauth("unknown_error", "see the log"), ErrorKind::unavailable,
                               "unknown_error", "see the log"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace apiclient::backend
