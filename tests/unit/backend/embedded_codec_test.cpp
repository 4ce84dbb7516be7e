#include "backend/embedded_codec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "json/json.h"
#include "support/matchers.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend::embedded {
namespace {

using test::a_full_client;
using test::a_machine_client;
using test::a_mark;
using test::kValue;

Json parsed(const std::string& text) {
  auto document = json::parse(text);
  EXPECT_TRUE(document.has_value());
  return document ? *document : Json();
}

/// What the registry answers: the members that were sent and those that only it knows.
std::string stored(const std::string& sent) {
  Json document = parsed(sent);
  document["etag"] = "7";
  document["created_at"] = "2026-01-02T03:04:05Z";
  document["updated_at"] = "2026-01-02T03:04:05Z";
  document["secrets"] = Json::array();
  return json::dump(document);
}

struct RoundTripCase {
  const char* name;
  ClientSettings settings;
};
void PrintTo(const RoundTripCase& row, std::ostream* out) { *out << row.name; }

class RoundTrip : public testing::TestWithParam<RoundTripCase> {};

TEST_P(RoundTrip, WhatIsWrittenIsReadBack) {
  const auto body = write_client(GetParam().settings, a_mark());
  ASSERT_TRUE(body.has_value());
  const auto client = read_client(stored(*body));
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_TRUE(client->settings == GetParam().settings);
  EXPECT_TRUE(client->mark == a_mark());
  EXPECT_EQ(client->etag, "7");
  EXPECT_TRUE(client->credentials.empty());
}

ClientSettings public_client() {
  ClientSettings settings = a_machine_client();
  settings.type = ClientType::public_client;
  settings.grant_types = {"authorization_code"};
  settings.token_endpoint_auth_method = "none";
  settings.require_consent = true;
  return settings;
}

INSTANTIATE_TEST_SUITE_P(Clients, RoundTrip,
                         testing::Values(RoundTripCase{"Machine", a_machine_client()},
                                         RoundTripCase{"EveryMember", a_full_client()},
                                         RoundTripCase{"Public", public_client()}),
                         [](const auto& row) { return row.param.name; });

TEST(EmbeddedCodec, SendsOnlyMembersThatTheRegistryKnows) {
  const Json document = parsed(*write_client(a_full_client(), a_mark()));
  for (const char* member : {"etag", "created_at", "updated_at", "secrets", "secret", "jwks_uri"}) {
    EXPECT_FALSE(document.contains(member)) << member;
  }
  EXPECT_EQ(document["scope"], "offline openid");
  EXPECT_EQ(document["type"], "web");
  EXPECT_EQ(document["access_token_lifetime_seconds"], 900);
  EXPECT_TRUE(document["jwks"].is_object());
  EXPECT_EQ(document["mark"]["namespace"], "team-a");
}

TEST(EmbeddedCodec, LifetimesThatAreNotSetAreNotSent) {
  const Json document = parsed(*write_client(a_machine_client(), a_mark()));
  EXPECT_FALSE(document.contains("access_token_lifetime_seconds"));
  EXPECT_FALSE(document.contains("refresh_token_lifetime_seconds"));
  EXPECT_FALSE(document.contains("id_token_lifetime_seconds"));
}

TEST(EmbeddedCodec, ListsAreSentAsSets) {
  ClientSettings settings = a_machine_client();
  settings.scopes = {"b", "a", "b"};
  EXPECT_EQ(parsed(*write_client(settings, a_mark()))["scope"], "a b");
}

TEST(EmbeddedCodec, FirstSecretGoesWithTheClient) {
  const Secret value(kValue);
  const auto body =
      write_client(a_machine_client(), a_mark(), {.operation_id = "op-1", .revision = 4, .value = &value});
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(parsed(*body)["secret"], (Json{{"operation_id", "op-1"}, {"revision", 4}, {"value", kValue}}));
}

TEST(EmbeddedCodec, SecretBodyHasNothingElse) {
  const Secret value(kValue);
  EXPECT_EQ(parsed(write_secret({.operation_id = "op-1", .revision = 4, .value = &value})),
            (Json{{"operation_id", "op-1"}, {"revision", 4}, {"value", kValue}}));
}

TEST(EmbeddedCodec, SecretThatTheRegistryChoosesHasNoValue) {
  EXPECT_EQ(parsed(write_secret({.operation_id = "op-1", .revision = 4})),
            (Json{{"operation_id", "op-1"}, {"revision", 4}}));
}

TEST(EmbeddedCodec, KeySetThatIsNotJsonIsInvalid) {
  ClientSettings settings = a_full_client();
  settings.jwks = "{";
  const auto body = write_client(settings, a_mark());
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(body.error().kind, ErrorKind::invalid);
}

TEST(EmbeddedCodec, CredentialsAreReadOldestFirst) {
  Json document = parsed(stored(*write_client(a_machine_client(), a_mark())));
  document["secrets"] = Json::array({Json{{"id", "s2"},
                                          {"hint", "wxyz"},
                                          {"revision", 2},
                                          {"operation_id", "op-2"},
                                          {"created_at", "2026-01-02T03:04:05Z"},
                                          {"last_used_at", "2026-01-02T03:05:05Z"}},
                                     Json{{"id", "s1"},
                                          {"hint", "abcd"},
                                          {"revision", 1},
                                          {"operation_id", "op-1"},
                                          {"created_at", "2026-01-01T03:04:05Z"}}});
  const auto client = read_client(json::dump(document));
  ASSERT_TRUE(client.has_value());
  ASSERT_EQ(client->credentials.size(), 2U);
  EXPECT_EQ(client->credentials[0].id, "s1");
  EXPECT_FALSE(client->credentials[0].last_used_at.has_value());
  EXPECT_EQ(client->credentials[1].hint, "wxyz");
  EXPECT_EQ(client->credentials[1].operation_id, "op-2");
  ASSERT_TRUE(client->credentials[1].last_used_at.has_value());
  EXPECT_EQ(*client->credentials[1].last_used_at - *client->credentials[1].created_at,
            std::chrono::minutes(1));
}

TEST(EmbeddedCodec, ClientWithoutMarkIsNobodys) {
  Json document = parsed(stored(*write_client(a_machine_client(), a_mark())));
  document.erase("mark");
  const auto client = read_client(json::dump(document));
  ASSERT_TRUE(client.has_value());
  EXPECT_FALSE(client->mark.has_value());
}

struct UnreadableCase {
  const char* name;
  std::string body;
};
void PrintTo(const UnreadableCase& row, std::ostream* out) { *out << row.name; }

class Unreadable : public testing::TestWithParam<UnreadableCase> {};

TEST_P(Unreadable, IsAProtocolErrorThatRepeatsNothing) {
  const auto client = read_client(GetParam().body);
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().kind, ErrorKind::protocol);
  EXPECT_EQ(client.error().message.find("hunter2"), std::string::npos) << client.error().message;
  EXPECT_LE(client.error().message.size(), 210U);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, Unreadable,
    testing::Values(UnreadableCase{"Empty", ""}, UnreadableCase{"Html", "<html>hunter2</html>"},
                    UnreadableCase{"Garbage", std::string("\0\xff\xfehunter2", 10)},
                    UnreadableCase{"Array", R"(["hunter2"])"},
                    UnreadableCase{"OtherJson", R"({"hello":"hunter2"})"},
                    UnreadableCase{"UnknownType",
                                   R"({"client_id":"a","client_name":"a","type":"hunter2","etag":"1",)"
                                   R"("token_endpoint_auth_method":"none","require_consent":true})"},
                    UnreadableCase{"Truncated", R"({"client_id":"hunter2)"}),
    [](const auto& row) { return row.param.name; });

TEST(EmbeddedCodec, PageOfClientsIsRecognised) {
  for (const char* body : {"", "[]", "{}", R"({"items":{}})", "<html>"}) {
    const auto result = read_server_version(body);
    ASSERT_FALSE(result.has_value()) << body;
    EXPECT_EQ(result.error().kind, ErrorKind::protocol) << body;
  }
}

struct VersionRow {
  std::string name;
  Json page;
  std::string version;
};
class ServerVersion : public testing::TestWithParam<VersionRow> {};

TEST_P(ServerVersion, IsReadFromAPage) {
  Json page = GetParam().page;
  page["items"] = Json::array();
  const auto version = read_server_version(json::dump(page));
  ASSERT_TRUE(version.has_value());
  EXPECT_EQ(*version, GetParam().version);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ServerVersion,
    testing::Values(VersionRow{"Named", {{"server_version", "1.2.3"}}, "1.2.3"},
                    VersionRow{"OfAnOlderServer", {{"continue", ""}}, ""},
                    VersionRow{"OfAnotherType", {{"server_version", 7}}, ""},
                    VersionRow{"WithControlCharacters", {{"server_version", "1\n2"}}, "1 2"},
                    VersionRow{
                        "TooLong", {{"server_version", std::string(65, '1')}}, std::string(64, '1') + "…"}),
    test::RowName());

TEST(EmbeddedCodec, APageTellsHowManySecretsAClientMayHave) {
  EXPECT_EQ(read_max_secrets(R"({"items":[],"continue":""})").value(), 3);
  EXPECT_EQ(read_max_secrets(R"({"items":[],"continue":"","max_secrets":1})").value(), 1);
  for (const char* body : {"[]", "{}", R"({"items":[],"max_secrets":0})", R"({"items":[],"max_secrets":"3"})",
                           R"({"items":[],"max_secrets":1000})"}) {
    EXPECT_FALSE(read_max_secrets(body)) << body;
  }
}

}  // namespace
}  // namespace apiclient::backend::embedded
