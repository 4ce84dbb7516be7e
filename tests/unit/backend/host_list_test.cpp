#include "backend/host_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/matchers.h"

namespace apiclient::backend {
namespace {

struct Row {
  std::string name;
  std::vector<std::string> listed;
  std::string url;
  bool allowed;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
class Hosts : public testing::TestWithParam<Row> {};

TEST_P(Hosts, AreCompared) {
  const auto list = HostList::parse(GetParam().listed);
  ASSERT_THAT(list, test::is_ok());
  const auto checked = list->check(GetParam().url);
  EXPECT_EQ(checked.has_value(), GetParam().allowed);
  if (checked) return;
  EXPECT_EQ(checked.error().code, kHostNotAllowedCode);
  EXPECT_EQ(checked.error().kind, ErrorKind::forbidden);
}

const std::string kLogin = "login.example.com";

INSTANTIATE_TEST_SUITE_P(
    Table, Hosts,
    testing::Values(
        Row{"EmptyList", {}, "https://login.example.com", false},
        Row{"TheHost", {kLogin}, "https://login.example.com/oauth2", true},
        Row{"AnotherHost", {kLogin}, "https://example.com", false},
        Row{"AHostThatEndsLikeIt", {kLogin}, "https://evil-login.example.com", false},
        Row{"AHostThatBeginsLikeIt", {kLogin}, "https://login.example.com.evil.org", false},
        Row{"InThePath", {kLogin}, "https://evil.org/login.example.com", false},
        Row{"InTheQuery", {kLogin}, "https://evil.org?login.example.com", false},
        Row{"UpperCase", {"Login.EXAMPLE.com"}, "https://LOGIN.example.COM", true},
        Row{"AbsoluteName", {kLogin}, "https://login.example.com.", true},
        Row{"AbsoluteNameListed", {"login.example.com."}, "https://login.example.com", true},
        Row{"TwoDots", {kLogin}, "https://login.example.com..", false},
        Row{"Escaped", {"*.example.com"}, "https://evil.org%2f.example.com", false},
        Row{"Backslash", {"*.example.com"}, R"(https://evil.org\.example.com)", false},
        Row{"OneOfSeveral", {"a", kLogin, "b"}, "https://login.example.com", true},
        // Ports.
        Row{"NoPortIsThatOfHttps", {kLogin}, "https://login.example.com:443", true},
        Row{"NoPortIsThatOfHttp", {kLogin}, "http://login.example.com:80", true},
        Row{"NoPortIsNoOther", {kLogin}, "https://login.example.com:8443", false},
        Row{"NoPortIsNotThatOfTheOtherScheme", {kLogin}, "http://login.example.com:443", false},
        Row{"ThePort", {"login.example.com:8443"}, "https://login.example.com:8443", true},
        Row{"AnotherPort", {"login.example.com:8443"}, "https://login.example.com", false},
        Row{"APortForBothSchemes", {"login.example.com:8443"}, "http://login.example.com:8443", true},
        // Wildcards.
        Row{"OneLabel", {"*.example.com"}, "https://a.example.com", true},
        Row{"TwoLabels", {"*.example.com"}, "https://a.b.example.com", true},
        Row{"NoLabel", {"*.example.com"}, "https://example.com", false},
        Row{"AnEmptyLabel", {"*.example.com"}, "https://.example.com", false},
        Row{"NotALabel", {"*.example.com"}, "https://evilexample.com", false},
        Row{"WildcardWithPort", {"*.hydra.svc:4445"}, "http://hydra-admin.hydra.svc:4445", true},
        Row{"WildcardWithAnotherPort", {"*.hydra.svc:4445"}, "http://hydra-admin.hydra.svc:4444", false},
        // Addresses.
        Row{"V4", {"10.1.2.3"}, "http://10.1.2.3", true},
        Row{"V4InAnotherForm", {"10.1.2.3"}, "http://167838211", false},
        Row{"V4WithZeros", {"10.1.2.3"}, "http://10.1.2.03", false},
        Row{"V4ByAWildcard", {"*.2.3"}, "http://10.1.2.3", false},
        Row{"V6", {"[fd00::1]"}, "http://[fd00::1]", true},
        Row{"V6InAnotherForm", {"[FD00:0:0::1]"}, "http://[fd00:0:0:0:0:0:0:1]", true},
        Row{"V6WithPort", {"[fd00::1]:9081"}, "http://[fd00::1]:9081", true},
        Row{"V6WithAnotherPort", {"[fd00::1]:9081"}, "http://[fd00::1]", false},
        Row{"V6WithAZone", {"[fe80::1]"}, "http://[fe80::1%25eth0]", false},
        Row{"V4InV6", {"127.0.0.1"}, "http://[::ffff:127.0.0.1]", false},
        Row{"MetadataService", {kLogin}, "http://169.254.169.254/latest/meta-data", false}),
    [](const auto& row) { return row.param.name; });

TEST(HostList, SaysWhatIsNotListedWhere) {
  const auto refused = HostList().check("https://login.example.com/a");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message,
            "host login.example.com:443 is not listed in the operator's flag --namespaced-registry-hosts");
  EXPECT_NE(HostList().check("http://[::1]:9").error().message.find("[::1]:9"), std::string::npos);
}

TEST(HostList, AnotherNameOfTheServerIsCheckedAtItsPort) {
  const auto list = HostList::parse({"ingress.example.com:8443", "registry.example.com:8443"});
  ASSERT_THAT(list, test::is_ok());
  EXPECT_THAT(list->check_name("https://ingress.example.com:8443", "registry.example.com"), test::is_ok());
  EXPECT_FALSE(list->check_name("https://ingress.example.com:8443", "admin.example.com").has_value());
}

TEST(HostList, UrlsThatNobodyCouldAskAreMistakes) {
  const auto list = HostList::parse({"a"});
  for (const char* url : {"a", "ftp://a", "http://user@a", "http://", "http://a:0", ""}) {
    EXPECT_THAT(list->check(url), test::has_error(ErrorKind::invalid)) << url;
  }
}

class BadEntry : public testing::TestWithParam<const char*> {};

TEST_P(BadEntry, IsRefusedAndNamed) {
  const auto list = HostList::parse({"good.example.com", GetParam()});
  ASSERT_FALSE(list.has_value());
  EXPECT_EQ(list.error().kind, ErrorKind::invalid);
  EXPECT_NE(list.error().message.find("\"" + std::string(GetParam()) + "\""), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Table, BadEntry,
                         testing::Values("", "*", "*.", "**.example.com", "a.*.example.com", "*example.com",
                                         "https://login.example.com", "login.example.com/path", "user@host",
                                         "host:", "host:0", "host:65536", "host:http", "fd00::1", "[fd00::1",
                                         "[zz]", "a b", "a..b", "*.[fd00::1]", "*.10.1.2.3", "10.0.0.0/8"));

}  // namespace
}  // namespace apiclient::backend
