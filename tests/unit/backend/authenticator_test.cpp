#include "backend/authenticator.h"

#include <gmock/gmock.h>

#include <string>

#include "support/matchers.h"

namespace apiclient::backend {
namespace {

using ::testing::HasSubstr;

SharedSecret secret(std::string_view text) { return std::make_shared<const Secret>(text); }

struct HeaderRow {
  std::string name;
  RegistryAuth auth;
  std::string header;
};
class HeaderTable : public ::testing::TestWithParam<HeaderRow> {};

TEST_P(HeaderTable, MakesTheAuthorizationHeader) {
  const auto authenticator = make_fixed_authenticator(GetParam().auth);
  ASSERT_THAT(authenticator, test::is_ok());
  const auto authorization = (*authenticator)->authorize({});
  ASSERT_THAT(authorization, test::is_ok());
  EXPECT_EQ(authorization->header ? authorization->header->reveal() : "-", GetParam().header);
  EXPECT_FALSE((*authenticator)->refused(*authorization)) << "there is nothing better";
}

INSTANTIATE_TEST_SUITE_P(
    Rows, HeaderTable,
    ::testing::Values(
        HeaderRow{"None", NoAuth{}, "-"},
        HeaderRow{"Bearer", BearerAuth{secret("token-1")}, "Bearer token-1"},
        HeaderRow{"BearerFromAFile", BearerAuth{secret("token-1\r\n")}, "Bearer token-1"},
        // RFC 7617 §2: the example of the specification.
        HeaderRow{"Basic", BasicAuth{"Aladdin", secret("open sesame")}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        HeaderRow{"BasicWithColonInPassword", BasicAuth{"a", secret("b:c\n")}, "Basic YTpiOmM="}),
    test::RowName());

struct UnusableRow {
  std::string name;
  RegistryAuth auth;
  std::string message;
};
class UnusableTable : public ::testing::TestWithParam<UnusableRow> {};

TEST_P(UnusableTable, IsRefusedWithoutItsValue) {
  const auto authenticator = make_fixed_authenticator(GetParam().auth);
  ASSERT_THAT(authenticator, test::has_error_text(ErrorKind::invalid, HasSubstr(GetParam().message)));
  EXPECT_EQ(authenticator.error().message.find("hunter2"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, UnusableTable,
    ::testing::Values(UnusableRow{"NoToken", BearerAuth{}, "empty"},
                      UnusableRow{"OnlyALineBreak", BearerAuth{secret("\n")}, "empty"},
                      UnusableRow{"TokenOfTwoLines", BearerAuth{secret("hunter2\r\nHost: x")}, "header"},
                      UnusableRow{"NoUser", BasicAuth{"", secret("hunter2")}, "empty"},
                      UnusableRow{"NoPassword", BasicAuth{"ada", nullptr}, "empty"},
                      UnusableRow{"ColonInUser", BasicAuth{"a:b", secret("hunter2")}, "\":\""},
                      UnusableRow{"PasswordOfTwoLines", BasicAuth{"ada", secret("hunter2\nx")}, "control"}),
    test::RowName());

}  // namespace
}  // namespace apiclient::backend
