#include "http/uri.h"

#include <gmock/gmock.h>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

struct Encoded {
  std::string name;
  std::string plain;
  std::string segment;
  std::string form;
};
void PrintTo(const Encoded& row, std::ostream* out) { *out << row.name; }

class Encodings : public ::testing::TestWithParam<Encoded> {};

TEST_P(Encodings, GoBothWays) {
  const auto& row = GetParam();
  EXPECT_EQ(http::encode_segment(row.plain), row.segment);
  EXPECT_EQ(http::form_encode(row.plain), row.form);
  EXPECT_EQ(http::decode_segment(row.segment), row.plain);
  EXPECT_EQ(http::form_decode(row.form), row.plain);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Encodings,
    ::testing::Values(Encoded{"Empty", "", "", ""}, Encoded{"Plain", "aZ09-._", "aZ09-._", "aZ09-._"},
                      Encoded{"Tilde", "~", "~", "%7E"}, Encoded{"Space", "a b", "a%20b", "a+b"},
                      Encoded{"Plus", "a+b", "a%2Bb", "a%2Bb"}, Encoded{"Slash", "../x", "..%2Fx", "..%2Fx"},
                      Encoded{"Reserved", "?#[]@!$&'()*,;=:%",
                              "%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3D%3A%25",
                              "%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3D%3A%25"},
                      Encoded{"Utf8", "\xC3\xBC", "%C3%BC", "%C3%BC"},
                      Encoded{"Zero", std::string(1, '\0'), "%00", "%00"}),
    RowName());

TEST(Decoding, LowerCaseDigitsAreRead) { EXPECT_EQ(http::decode_segment("%c3%bc"), "\xC3\xBC"); }
TEST(Decoding, PlusIsASpaceOnlyInForms) {
  EXPECT_EQ(http::decode_segment("a+b"), "a+b");
  EXPECT_EQ(http::form_decode("a+b"), "a b");
}

TEST(Decoding, BrokenEscapesAreRefused) {
  for (const char* text : {"%", "%4", "%zz", "a%4", "%-1", "%+1", "% 1", "%4g"}) {
    EXPECT_EQ(http::form_decode(text), std::nullopt) << text;
    EXPECT_EQ(http::decode_segment(text), std::nullopt) << text;
  }
}

TEST(ParseForm, RepeatedEmptyAndLoneNames) {
  EXPECT_THAT(*http::parse_form("a=1&b=x+y%26&a=2&empty=&alone&&c=d=e"),
              ElementsAre(Pair("a", "1"), Pair("b", "x y&"), Pair("a", "2"), Pair("empty", ""),
                          Pair("alone", ""), Pair("c", "d=e")));
  EXPECT_THAT(*http::parse_form(""), ::testing::IsEmpty());
}

TEST(ParseForm, MalformedPairsAreRefused) {
  for (const char* text : {"a=%zz", "%=1", "=1"}) EXPECT_EQ(http::parse_form(text), std::nullopt) << text;
}

TEST(Query, EncodesNamesAndValues) {
  http::Query query;
  EXPECT_EQ(query.text(), "");
  query.add("labelSelector", "a=b,c in (d)").add("limit", "500");
  EXPECT_EQ(query.text(), "?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=500");
}

struct UriCase {
  std::string name;
  std::string uri;
  std::string scheme;
  std::string host;
  int port;
  std::string path;
};
void PrintTo(const UriCase& row, std::ostream* out) { *out << row.name; }

class Uris : public ::testing::TestWithParam<UriCase> {};

TEST_P(Uris, AreTakenApart) {
  const auto& row = GetParam();
  const auto parts = http::split_uri(row.uri);
  ASSERT_THAT(parts, is_ok());
  EXPECT_EQ(parts->scheme, row.scheme);
  EXPECT_EQ(parts->host, row.host);
  EXPECT_EQ(parts->port, row.port);
  EXPECT_EQ(parts->path, row.path);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Uris,
    ::testing::Values(UriCase{"Http", "http://a", "http", "a", 80, ""},
                      UriCase{"Https", "https://a.example/", "https", "a.example", 443, "/"},
                      UriCase{"Port", "https://a:6443/x?y=z", "https", "a", 6443, "/x?y=z"},
                      UriCase{"QueryWithoutPath", "http://a?b", "http", "a", 80, "?b"},
                      UriCase{"UpperCase", "HTTPS://A.Example/B", "https", "a.example", 443, "/B"},
                      UriCase{"Ipv6", "https://[::1]:8443/a", "https", "::1", 8443, "/a"},
                      UriCase{"Ipv6WithoutPort", "http://[fd00::1]", "http", "fd00::1", 80, ""},
                      UriCase{"AtInPath", "http://a/b@c:1", "http", "a", 80, "/b@c:1"}),
    RowName());

struct BadUri {
  std::string name;
  std::string uri;
};
void PrintTo(const BadUri& row, std::ostream* out) { *out << row.name; }

class BadUris : public ::testing::TestWithParam<BadUri> {};

TEST_P(BadUris, AreInvalidAndNotRepeated) {
  EXPECT_THAT(http::split_uri(GetParam().uri), has_error_text(ErrorKind::invalid, Not(HasSubstr("hunter2"))));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadUris,
    ::testing::Values(BadUri{"Empty", ""}, BadUri{"NoScheme", "a.example/x"},
                      BadUri{"OtherScheme", "file:///etc"}, BadUri{"NoHost", "http:///x"},
                      BadUri{"OnlyPort", "http://:80"}, BadUri{"Password", "http://u:hunter2@a"},
                      BadUri{"User", "https://user@a"}, BadUri{"Fragment", "http://a/#x"},
                      BadUri{"Space", "http://a b"}, BadUri{"NewLine", "http://a\r\nX: y"},
                      BadUri{"PortEmpty", "http://a:"}, BadUri{"PortZero", "http://a:0"},
                      BadUri{"PortLarge", "http://a:65536"}, BadUri{"PortWord", "http://a:http"},
                      BadUri{"BareIpv6", "http://::1/"}, BadUri{"OpenBracket", "http://[::1/"},
                      BadUri{"TextAfterBracket", "http://[::1]x:80"},
                      BadUri{"NameInBrackets", "http://[a]/"}),
    RowName());

TEST(IsIpLiteral, TellsAddressesFromNames) {
  for (const char* address : {"127.0.0.1", "::1", "fd00::1"})
    EXPECT_TRUE(http::is_ip_literal(address)) << address;
  for (const char* name : {"", "localhost", "1.2.3", "1.2.3.4.example"})
    EXPECT_FALSE(http::is_ip_literal(name)) << name;
}

}  // namespace
}  // namespace apiclient::test
