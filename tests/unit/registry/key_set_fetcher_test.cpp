#include "registry/key_set_fetcher.h"

#include <gtest/gtest.h>

#include "support/loopback_server.h"

namespace apiclient::registry::test {
namespace {

using apiclient::test::LoopbackConnection;
using apiclient::test::LoopbackServer;

/// What is fetched from a server that answers so, or the kind of the error.
std::string fetched(int status, const std::string& body, const std::string& headers = "") {
  LoopbackServer server([&](LoopbackConnection& connection) {
    if (connection.read_request()) connection.respond(status, body, headers);
  });
  const auto set = fetch_key_set(server.uri() + "/keys?v=1");
  return set ? *set : std::string(to_string(set.error().kind));
}

TEST(FetchKeySet, AsksForTheWholePath) {
  LoopbackServer server([&](LoopbackConnection& connection) {
    const auto request = connection.read_request();
    if (!request) return;
    server.note(request->method + " " + request->target);
    connection.respond(200, R"({"keys":[]})");
  });
  EXPECT_EQ(fetch_key_set(server.uri() + "/keys?v=1").value_or(""), R"({"keys":[]})");
  EXPECT_EQ(server.noted("GET /keys?v=1"), 1);
}

TEST(FetchKeySet, WantsAKeySet) {
  EXPECT_EQ(fetched(200, R"({"keys":[{"kty":"EC"}]})"), R"({"keys":[{"kty":"EC"}]})");
  EXPECT_EQ(fetched(200, "{}"), "protocol");
  EXPECT_EQ(fetched(200, "[]"), "protocol");
  EXPECT_EQ(fetched(200, "<html>"), "protocol");
  EXPECT_EQ(fetched(404, R"({"keys":[]})"), "unavailable");
}

TEST(FetchKeySet, IsBounded) {
  EXPECT_EQ(fetched(200, R"({"keys":[")" + std::string(70'000, 'a') + "\"]}"), "protocol");
  EXPECT_EQ(fetched(200, R"({"keys":)" + std::string(50, '[') + std::string(50, ']') + "}"), "protocol");
}

TEST(FetchKeySet, SilentServerIsLeft) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.wait_closed_by_client();
  });
  const auto set = fetch_key_set(server.uri());
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, ErrorKind::timeout);
}

TEST(FetchKeySet, FollowsNoRedirect) {
  LoopbackServer target([&](LoopbackConnection& connection) {
    target.note("reached");
    if (connection.read_request()) connection.respond(200, R"({"keys":[]})");
  });
  EXPECT_EQ(fetched(302, "", "Location: " + target.uri() + "/keys\r\n"), "unavailable");
  EXPECT_EQ(target.noted("reached"), 0);
}

TEST(FetchKeySet, RefusesPlainHttpElsewhere) {
  for (const auto* uri : {"http://192.0.2.1/keys", "http://keys.example.com/", "file:///etc/passwd", "keys"})
    EXPECT_EQ(fetch_key_set(uri).error().kind, ErrorKind::invalid) << uri;
}

}  // namespace
}  // namespace apiclient::registry::test
