#include "http/message.h"

#include <gmock/gmock.h>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Headers;
using http::Response;
using ::testing::HasSubstr;

TEST(Headers, NamesCompareWithoutCase) {
  Headers headers{{"Content-Type", "a"}};
  headers["content-TYPE"] = "b";
  EXPECT_EQ(headers.size(), 1U);
  EXPECT_EQ(find_header(headers, "CONTENT-type"), "b");
  EXPECT_EQ(find_header(headers, "Content"), "");
}

TEST(Headers, OrderIsStrict) {
  const http::HeaderNameLess less;
  EXPECT_FALSE(less("a", "A"));
  EXPECT_FALSE(less("A", "a"));
  EXPECT_TRUE(less("a", "B"));
  EXPECT_TRUE(less("A", "b"));
  EXPECT_TRUE(less("a", "ab"));
}

struct FieldCase {
  std::string name;
  std::string field;
  std::string value;
  bool valid;
};
void PrintTo(const FieldCase& row, std::ostream* out) { *out << row.name; }

class Fields : public ::testing::TestWithParam<FieldCase> {};

TEST_P(Fields, AreCheckedBeforeTheyAreSent) {
  EXPECT_EQ(http::is_valid_header(GetParam().field, GetParam().value), GetParam().valid);
}

INSTANTIATE_TEST_SUITE_P(Rows, Fields,
                         ::testing::Values(FieldCase{"Usual", "Content-Type", "text/plain; a=\"b\"", true},
                                           FieldCase{"EmptyValue", "X", "", true},
                                           FieldCase{"Tab", "X", "a\tb", true},
                                           FieldCase{"Utf8", "X", "\xC3\xBC", true},
                                           FieldCase{"EmptyName", "", "a", false},
                                           FieldCase{"NewLineInValue", "X", "a\r\nY: b", false},
                                           FieldCase{"BareLineFeed", "X", "a\nb", false},
                                           FieldCase{"Zero", "X", std::string("a\0b", 3), false},
                                           FieldCase{"ColonInName", "X:Y", "a", false},
                                           FieldCase{"SpaceInName", "X Y", "a", false},
                                           FieldCase{"NewLineInName", "X\n", "a", false}),
                         RowName());

std::string http_date(std::chrono::seconds from_now) {
  const std::time_t time = std::time(nullptr) + from_now.count();
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

struct RetryAfterCase {
  std::string name;
  std::string value;
  std::chrono::milliseconds expected;
};
void PrintTo(const RetryAfterCase& row, std::ostream* out) { *out << row.name; }

class RetryAfter : public ::testing::TestWithParam<RetryAfterCase> {};

TEST_P(RetryAfter, IsReadInSeconds) {
  EXPECT_EQ(http::retry_after_of({.status_code = 429, .headers = {{"retry-after", GetParam().value}}}),
            GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RetryAfter,
    ::testing::Values(RetryAfterCase{"Seconds", "7", 7s}, RetryAfterCase{"Zero", "0", 0s},
                      RetryAfterCase{"Negative", "-1", 0s}, RetryAfterCase{"Words", "soon", 0s},
                      RetryAfterCase{"Empty", "", 0s}, RetryAfterCase{"Fraction", "1.5", 0s},
                      RetryAfterCase{"LongerThanADay", "9999999", 24h},
                      RetryAfterCase{"Overflow", "99999999999999999999999", 24h},
                      RetryAfterCase{"PastDate", "Wed, 21 Oct 2015 07:28:00 GMT", 0s},
                      RetryAfterCase{"BrokenDate", "Wed, 41 Oct 2015 07:28:00 GMT", 0s}),
    RowName());

TEST(RetryAfter, MayBeADate) {
  const auto delay = http::retry_after_of({.status_code = 503, .headers = {{"Retry-After", http_date(60s)}}});
  EXPECT_GE(delay, 57s);
  EXPECT_LE(delay, 60s);
}

TEST(RetryAfter, MissingIsZero) { EXPECT_EQ(retry_after_of(Response{.status_code = 429}), 0s); }

TEST(Response, OkIsTwoHundredToTwoNinetyNine) {
  for (const int status : {200, 201, 204, 299}) EXPECT_TRUE(Response{.status_code = status}.ok()) << status;
  for (const int status : {0, 100, 199, 300, 404, 500})
    EXPECT_FALSE(Response{.status_code = status}.ok()) << status;
}

TEST(ProblemResponse, IsAProblemDocument) {
  const Response response = http::problem_response(404);
  EXPECT_EQ(response.status_code, 404);
  EXPECT_EQ(find_header(response.headers, "Content-Type"), "application/problem+json");
  EXPECT_EQ(response.body, R"({"status":404,"title":"Not Found","type":"about:blank"})");
}

}  // namespace
}  // namespace apiclient::test
