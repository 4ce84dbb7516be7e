#include "registry/client_authentication.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "registry/client_assertion.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry {
namespace {

std::string basic(const std::string& pair) { return "Basic " + base64_encode(pair); }

/// What a row expects: "method id secret", or the error's word.
std::string outcome_of(std::string_view authorization, const Form& form) {
  const auto result = read_presented_client(authorization, form);
  if (const auto* error = std::get_if<OAuthError>(&result)) return std::string(error->code);
  const auto& presented = std::get<PresentedClient>(result);
  return std::string(to_string(presented.method)) + "|" + presented.client_id + "|" +
         std::string(presented.secret.reveal());
}

struct Row {
  std::string name;
  std::string authorization;
  Form form;
  std::string expected;
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

class ReadPresentedClient : public ::testing::TestWithParam<Row> {};

TEST_P(ReadPresentedClient, FindsTheClient) {
  EXPECT_EQ(outcome_of(GetParam().authorization, GetParam().form), GetParam().expected);
}

const Form kBody{{"client_id", "a"}, {"client_secret", "s"}};

INSTANTIATE_TEST_SUITE_P(
    Basic, ReadPresentedClient,
    ::testing::Values(Row{"Plain", basic("a:s"), {}, "client_secret_basic|a|s"},
                      Row{"SchemeInAnyCase", "bAsIc " + base64_encode("a:s"), {}, "client_secret_basic|a|s"},
                      Row{"TwoSpaces", "Basic  " + base64_encode("a:s"), {}, "client_secret_basic|a|s"},
                      Row{"EncodedColonInId", basic("a%3Ab:s"), {}, "client_secret_basic|a:b|s"},
                      Row{"ColonInSecret", basic("a:s:t"), {}, "client_secret_basic|a|s:t"},
                      Row{"EncodedColonInSecret", basic("a:s%3At"), {}, "client_secret_basic|a|s:t"},
                      Row{"PlusIsSpace", basic("a+b:s+t"), {}, "client_secret_basic|a b|s t"},
                      Row{"EncodedPlus", basic("a%2Bb:s%2bt"), {}, "client_secret_basic|a+b|s+t"},
                      Row{"EncodedPercent", basic("a:s%25t"), {}, "client_secret_basic|a|s%t"},
                      Row{"EncodedOnce", basic("a:s%2525"), {}, "client_secret_basic|a|s%25"},
                      Row{"Utf8", basic("%C3%A4:%E2%82%AC"), {}, "client_secret_basic|\xC3\xA4|\xE2\x82\xAC"},
                      Row{"EmptySecret", basic("a:"), {}, "client_secret_basic|a|"},
                      Row{"Unpadded", "Basic YTpzcw", {}, "invalid_client"},
                      Row{"StrayPercent", basic("a:s%"), {}, "invalid_client"},
                      Row{"HalfAnEscape", basic("a:s%2"), {}, "invalid_client"},
                      Row{"EscapeIsNotHex", basic("a:s%zz"), {}, "invalid_client"},
                      Row{"NoColon", basic("as"), {}, "invalid_client"},
                      Row{"EmptyId", basic(":s"), {}, "invalid_client"},
                      Row{"NotBase64", "Basic !!!", {}, "invalid_client"},
                      Row{"NothingBehindTheScheme", "Basic ", {}, "invalid_client"},
                      Row{"OtherScheme", "Bearer token", {}, "invalid_client"}),
    test::RowName());

const std::string kJwt = base64url_encode("{}") + "." + base64url_encode(R"({"sub":"a"})") + ".c2ln";

Form assertion_form(const Form& more = {}, std::string_view type = kAssertionType,
                    const std::string& jwt = kJwt) {
  Form form{{"client_assertion_type", std::string(type)}, {"client_assertion", jwt}};
  form.insert(form.end(), more.begin(), more.end());
  return form;
}

INSTANTIATE_TEST_SUITE_P(
    Assertion, ReadPresentedClient,
    ::testing::Values(
        Row{"Assertion", "", assertion_form(), "private_key_jwt|a|" + kJwt},
        Row{"WithItsId", "", assertion_form({{"client_id", "a"}}), "private_key_jwt|a|" + kJwt},
        Row{"WithAnotherId", "", assertion_form({{"client_id", "b"}}), "invalid_client"},
        Row{"WithASecret", "", assertion_form({{"client_secret", "s"}}), "invalid_request"},
        Row{"WithBasic", basic("a:s"), assertion_form(), "invalid_request"},
        Row{"OtherType", "", assertion_form({}, "urn:x"), "invalid_client"},
        Row{"Unreadable", "", assertion_form({}, kAssertionType, "junk"), "invalid_client"},
        Row{"TypeAlone", "", {{"client_assertion_type", std::string(kAssertionType)}}, "invalid_client"},
        Row{"AssertionAlone", "", {{"client_assertion", kJwt}}, "invalid_client"}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    BodyAndBoth, ReadPresentedClient,
    ::testing::Values(Row{"Body", "", kBody, "client_secret_post|a|s"},
                      Row{"IdOnly", "", {{"client_id", "a"}}, "none|a|"},
                      Row{"EmptyBodySecret", "", {{"client_id", "a"}, {"client_secret", ""}}, "none|a|"},
                      Row{"Nothing", "", {{"grant_type", "client_credentials"}}, "invalid_client"},
                      Row{"SecretWithoutId", "", {{"client_secret", "s"}}, "invalid_client"},
                      Row{"BothWays", basic("a:s"), kBody, "invalid_request"},
                      Row{"BasicAndTheSameId", basic("a:s"), {{"client_id", "a"}}, "client_secret_basic|a|s"},
                      Row{"BasicAndAnotherId", basic("a:s"), {{"client_id", "b"}}, "invalid_request"}),
    test::RowName());

}  // namespace
}  // namespace apiclient::registry
