#include "backend/hydra_page.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace apiclient::backend::hydra {
namespace {

using test::has_error;

std::string marked(const std::string& id, const std::string& installation) {
  return R"({"client_id":")" + id + R"(","metadata":{"apiclient.dev":{"installation_id":")" + installation +
         R"(","namespace":"n","name":"a","uid":"u","revision":1}}})";
}

TEST(HydraPage, OnlyClientsWithTheMarkOfTheInstallationCount) {
  const std::string body =
      "[" + marked("ours", "us") + "," + marked("theirs", "them") +
      R"(,{"client_id":"a"},{"client_id":"b","metadata":"text"},{"client_id":"c","metadata":{"apiclient.dev":[]}})" +
      R"(,{"client_id":"d","metadata":null,"redirect_uris":7}])";
  const auto page = read_client_page(body, "us");
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page->client_ids, std::vector<std::string>{"ours"});
  EXPECT_FALSE(page->empty);
  EXPECT_TRUE(read_client_page("[]", "us")->empty);
}

TEST(HydraPage, WhatIsNoListIsNotAnEmptyOne) {
  for (const char* body : {"", "{}", "null", "<html>", R"([{"id":"a"}])", "[7]"}) {
    EXPECT_THAT(read_client_page(body, "us"), has_error(ErrorKind::protocol)) << body;
  }
}

struct LinkRow {
  const char* name;
  const char* link;
  const char* token;
};
void PrintTo(const LinkRow& row, std::ostream* out) { *out << row.name; }

class HydraLink : public testing::TestWithParam<LinkRow> {};

TEST_P(HydraLink, GivesTheTokenOfTheNextPage) {
  EXPECT_EQ(next_page_token(GetParam().link), GetParam().token);
}

INSTANTIATE_TEST_SUITE_P(
    Table, HydraLink,
    testing::Values(LinkRow{"None", "", ""},
                    LinkRow{"FirstOnly", R"(</admin/clients?page_size=2&page_token=0>; rel="first")", ""},
                    LinkRow{"Relative",
                            R"(</admin/clients?page_size=2&page_token=0>; rel="first",)"
                            R"(</admin/clients?page_size=2&page_token=1>; rel="next",)"
                            R"(</admin/clients?page_size=2&page_token=9>; rel="last")",
                            "1"},
                    LinkRow{"Absolute",
                            R"(<https://elsewhere.example/x?page_token=a%2Fb%3D&page_size=2>; rel="next")",
                            "a/b="},
                    LinkRow{"CommaInTheTarget", R"(</c?page_token=a,b>; rel="next")", "a,b"},
                    LinkRow{"WithoutToken", R"(</c?page=2>; rel="next")", ""},
                    LinkRow{"WithoutQuery", R"(</c>; rel="next")", ""},
                    LinkRow{"Unfinished", R"(</c?page_token=1; rel="next")", ""}),
    [](const auto& row) { return row.param.name; });

TEST(HydraVersion, IsReadWhereItIsThere) {
  EXPECT_EQ(read_server_version(R"({"version":"v2.3.0"})"), "v2.3.0");
  for (const char* body : {"", "v2", "{}", R"({"version":2})"})
    EXPECT_EQ(read_server_version(body), "") << body;
  EXPECT_EQ(read_server_version(R"({"version":"a\nb"})"), "a b");
}

}  // namespace
}  // namespace apiclient::backend::hydra
