#include "registry/client_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/registry/row_name.h"

namespace apiclient::registry::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kValue(43, 'x');

Json full_client() {
  return Json::parse(R"json({
    "client_id": "acme_team-a_shop", "client_name": "Shop", "type": "web",
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://shop.example.com/callback"],
    "post_logout_redirect_uris": ["https://shop.example.com/bye"],
    "allowed_cors_origins": ["https://shop.example.com"],
    "scope": "orders:read orders:write", "audience": ["orders"],
    "token_endpoint_auth_method": "client_secret_post", "require_consent": false,
    "access_token_lifetime_seconds": 600, "refresh_token_lifetime_seconds": 7200, "id_token_lifetime_seconds": 300,
    "contacts": ["shop@example.com"], "client_uri": "https://shop.example.com",
    "logo_uri": "https://shop.example.com/logo", "policy_uri": "https://shop.example.com/policy",
    "tos_uri": "https://shop.example.com/tos", "jwks": {"keys": []}, "parameters": {"colour": "blue"},
    "mark": {"installation_id": "installation-1", "namespace": "team-a", "name": "shop", "uid": "uid-1",
             "revision": 4}
  })json");
}

TEST(ClientCodec, WhatWasReadIsWritten) {
  const Json sent = full_client();
  const auto request = read_client_request(sent);
  ASSERT_TRUE(request) << request.error().message;
  Json written =
      write_client({.metadata = request->metadata, .mark = request->mark, .version = 9, .secrets = {}});
  EXPECT_EQ(written["etag"], "9");
  EXPECT_EQ(written["secrets"], Json::array());
  for (const auto* added : {"etag", "disabled", "secrets", "created_at", "updated_at"}) written.erase(added);
  EXPECT_EQ(written, sent);
}

TEST(ClientCodec, StoredMetadataComesBack) {
  const auto request = read_client_request(full_client()).value();
  const auto decoded = decode_metadata(encode_metadata(request.metadata));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_metadata(*decoded), encode_metadata(request.metadata));
}

TEST(ClientCodec, UnsetMembersAreLeftOut) {
  const auto request =
      read_client_request(Json{{"client_id", "a"}, {"client_name", "A"}, {"type", "machine"}}).value();
  const Json written = write_client({.metadata = request.metadata, .mark = {}, .version = 1, .secrets = {}});
  for (const auto* member :
       {"access_token_lifetime_seconds", "refresh_token_lifetime_seconds", "id_token_lifetime_seconds",
        "client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri", "jwks", "mark"})
    EXPECT_FALSE(written.contains(member)) << member;
  EXPECT_EQ(written["scope"], "");
  EXPECT_EQ(written["redirect_uris"], Json::array());
  EXPECT_EQ(written["parameters"], Json::object());
}

struct DefaultRow {
  std::string name;
  std::string type;
  Json grant_types;
  std::string method;
  bool consent;
  friend void PrintTo(const DefaultRow& row, std::ostream* stream) { *stream << row.name; }
};

class ClientDefaults : public ::testing::TestWithParam<DefaultRow> {};

TEST_P(ClientDefaults, FollowTheType) {
  Json body{{"client_id", "a"}, {"client_name", "A"}, {"type", GetParam().type}};
  if (GetParam().type != "machine") body["redirect_uris"] = {"https://a.example.com/callback"};
  const auto request = read_client_request(body);
  ASSERT_TRUE(request) << request.error().message;
  const Json written = write_client({.metadata = request->metadata, .mark = {}, .version = 1, .secrets = {}});
  EXPECT_EQ(written["grant_types"], GetParam().grant_types);
  EXPECT_EQ(written["token_endpoint_auth_method"], GetParam().method);
  EXPECT_EQ(written["require_consent"], GetParam().consent);
}

INSTANTIATE_TEST_SUITE_P(
    Types, ClientDefaults,
    ::testing::Values(DefaultRow{"Machine", "machine", {"client_credentials"}, "client_secret_basic", false},
                      DefaultRow{
                          "Web", "web", {"authorization_code", "refresh_token"}, "client_secret_basic", true},
                      DefaultRow{"Public", "public", Json::array({"authorization_code"}), "none", true}),
    test::RowName());

struct MistakeRow {
  std::string name;
  Json patch;
  std::string expected;
  friend void PrintTo(const MistakeRow& row, std::ostream* stream) { *stream << row.name; }
};

class ClientMistake : public ::testing::TestWithParam<MistakeRow> {};

TEST_P(ClientMistake, IsNamed) {
  Json body = full_client();
  body.merge_patch(GetParam().patch);
  const auto request = read_client_request(body);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().kind, ErrorKind::invalid);
  EXPECT_THAT(request.error().message, HasSubstr(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Members, ClientMistake,
    ::testing::Values(
        MistakeRow{"Unknown", {{"colour", "blue"}}, "colour: is unknown"},
        MistakeRow{"DisabledIsNotInput", {{"disabled", true}}, "disabled: is unknown"},
        MistakeRow{"EtagIsNotInput", {{"etag", "3"}}, "etag: is unknown"},
        MistakeRow{"UnknownInMark", {{"mark", {{"owner", "x"}}}}, "mark.owner: is unknown"},
        MistakeRow{"MarkWithoutUid", {{"mark", {{"uid", nullptr}}}}, "mark.uid: is required"},
        MistakeRow{"NegativeRevision", {{"mark", {{"revision", -1}}}}, "mark.revision: must not be"},
        MistakeRow{"MarkIsText", {{"mark", "mine"}}, "mark"},
        MistakeRow{"WrongType", {{"client_name", 7}}, "client_name: must be a string"},
        MistakeRow{"UnknownKind", {{"type", "desktop"}}, "type: must be machine"},
        MistakeRow{
            "UnknownMethod", {{"token_endpoint_auth_method", "tls"}}, "token_endpoint_auth_method: must be"},
        MistakeRow{"JwksWithAPrivateKey",
                   {{"jwks", {{"keys", Json::array({{{"kty", "EC"}, {"d", "x"}}})}}}},
                   "jwks: must hold public keys only"},
        MistakeRow{"JwksWithASymmetricKey",
                   {{"jwks", {{"keys", Json::array({{{"kty", "oct"}, {"k", "x"}}})}}}},
                   "jwks: must hold public keys only"},
        MistakeRow{"JwksUriIsPlainHttp",
                   {{"jwks_uri", "http://a.example.com/jwks"}},
                   "jwks_uri: must be an https URI"},
        MistakeRow{"JwksIsNoSet", {{"jwks", "a text"}}, "jwks: must be a JWK Set"},
        MistakeRow{"ParameterIsNumber", {{"parameters", {{"n", 1}}}}, "parameters.n: must be a string"},
        MistakeRow{"NoName", {{"client_name", nullptr}}, "client_name: is required"}),
    test::RowName());

TEST(ClientCodec, EveryMistakeIsListed) {
  Json body = full_client();
  body.merge_patch({{"colour", "blue"}, {"type", "desktop"}, {"client_id", "no/slash"}});
  EXPECT_THAT(read_client_request(body).error().message,
              ::testing::AllOf(HasSubstr("colour:"), HasSubstr("type:"), HasSubstr("client_id:")));
}

TEST(ClientCodec, BodyThatIsNoObjectIsRefused) {
  EXPECT_THAT(read_client_request(Json::array()).error().message, HasSubstr("body: must be an object"));
  EXPECT_THAT(read_secret_request(Json("text")).error().message, HasSubstr("body: must be an object"));
}

TEST(ClientCodec, SecretOfACreateIsRead) {
  Json body = full_client();
  body["secret"] = {{"value", kValue}, {"operation_id", "op-1"}, {"revision", 4}};
  const auto request = read_client_request(body);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->secret->value->reveal(), kValue);
  EXPECT_EQ(request->secret->operation_id, "op-1");
  EXPECT_EQ(request->secret->revision, 4);
}

struct SecretRow {
  std::string name;
  Json body;
  std::string expected;  ///< empty: accepted
  friend void PrintTo(const SecretRow& row, std::ostream* stream) { *stream << row.name; }
};

class SecretBody : public ::testing::TestWithParam<SecretRow> {};

TEST_P(SecretBody, IsJudged) {
  const auto request = read_secret_request(GetParam().body);
  if (GetParam().expected.empty()) {
    EXPECT_TRUE(request) << request.error().message;
    return;
  }
  ASSERT_FALSE(request);
  EXPECT_THAT(request.error().message, HasSubstr(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, SecretBody,
    ::testing::Values(
        SecretRow{"Given", {{"operation_id", "op"}, {"revision", 1}, {"value", std::string(43, 'x')}}, ""},
        SecretRow{"Generated", {{"operation_id", "op"}, {"revision", 1}}, ""},
        SecretRow{"OperationInTheHeader", {{"revision", 1}}, ""},
        SecretRow{"TooShort", {{"revision", 1}, {"value", std::string(42, 'x')}}, "value: must be 43"},
        SecretRow{"TooLong", {{"revision", 1}, {"value", std::string(257, 'x')}}, "value: must be 43"},
        SecretRow{
            "OtherCharacters", {{"revision", 1}, {"value", std::string(42, 'x') + "+"}}, "value: must be 43"},
        SecretRow{"Empty", {{"revision", 1}, {"value", ""}}, "value: must be 43"},
        SecretRow{"NoRevision", {{"operation_id", "op"}}, "revision: is required"},
        SecretRow{"RevisionZero", {{"revision", 0}}, "revision: must be at least 1"},
        SecretRow{"RevisionText", {{"revision", "1"}}, "revision: must be"},
        SecretRow{"OddOperation", {{"operation_id", "a b"}, {"revision", 1}}, "operation_id: must be"},
        SecretRow{"Unknown", {{"revision", 1}, {"hash", "x"}}, "hash: is unknown"}),
    test::RowName());

TEST(ClientCodec, RefusalDoesNotRepeatTheValue) {
  const std::string value = "this-is-a-secret-value!";
  const auto request = read_secret_request({{"revision", 1}, {"value", value}});
  ASSERT_FALSE(request);
  EXPECT_THAT(request.error().message, Not(HasSubstr(value)));
}

TEST(ClientCodec, WrittenSecretHasNoValue) {
  const SecretRecord secret{.id = "s-1",
                            .hint = "abcd",
                            .revision = 2,
                            .operation_id = "op-2",
                            .created_at = WallTime(std::chrono::seconds(1)),
                            .last_used_at = {}};
  EXPECT_EQ(write_secret(secret), Json({{"id", "s-1"},
                                        {"hint", "abcd"},
                                        {"revision", 2},
                                        {"operation_id", "op-2"},
                                        {"created_at", "1970-01-01T00:00:01Z"}}));
}

TEST(ClientCodec, ScopesArePartedBySpaces) {
  EXPECT_THAT(split_scopes(" a  b c "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_scopes(""), ElementsAre());
  EXPECT_EQ(join_scopes({"a", "b"}), "a b");
}

}  // namespace
}  // namespace apiclient::registry::test
