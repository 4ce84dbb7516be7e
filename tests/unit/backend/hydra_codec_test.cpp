#include "backend/hydra_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "json/json.h"
#include "support/matchers.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend::hydra {
namespace {

using std::chrono::seconds;
using test::a_full_client;
using test::a_machine_client;
using test::a_mark;
using test::has_error;
using test::kValue;
using ::testing::HasSubstr;
using ::testing::Not;

const WallTime kNow{seconds(1767323045)};

Json parsed(const std::string& text) {
  auto document = json::parse(text);
  EXPECT_TRUE(document.has_value());
  return document ? *document : Json();
}

/// As Hydra 2.3.0 answers: with its defaults, its way to write durations, and what must not be kept.
std::string stored(const std::string& sent) {
  Json document = parsed(sent);
  for (auto& [name, value] : document.items()) {
    if (name.ends_with("_lifespan") && value == "900s") value = "15m0s";
    if (name.ends_with("_lifespan") && value == "86400s") value = "24h0m0s";
    if (name.ends_with("_lifespan") && value == "600s") value = "10m0s";
    if (name.starts_with("device_")) document.erase(name);
  }
  if (!document.contains("jwks")) document["jwks"] = Json::object();
  if (document["jwks_uri"] == "") document.erase("jwks_uri");
  if (document["post_logout_redirect_uris"].empty()) document.erase("post_logout_redirect_uris");
  document["owner"] = "";
  document["subject_type"] = "public";
  document["userinfo_signed_response_alg"] = "none";
  document["client_secret_expires_at"] = 0;
  document["skip_logout_consent"] = nullptr;
  document["created_at"] = "2026-01-02T03:04:05Z";
  document["updated_at"] = "2026-01-02T03:04:05Z";
  document["client_secret"] = kValue;
  document["registration_access_token"] = "ory_at_token";
  return json::dump(document);
}

std::string created(const ClientSettings& settings) {
  auto body = write_new_client(settings, a_mark(), nullptr, kNow);
  EXPECT_TRUE(body.has_value()) << body.error().message;
  return body.value_or("{}");
}

StoredClient a_stored(const ClientSettings& settings, const std::function<void(Json&)>& change = {}) {
  Json document = parsed(stored(created(settings)));
  if (change) change(document);
  auto client = read_client(json::dump(document));
  EXPECT_TRUE(client.has_value()) << client.error().message;
  return client ? std::move(*client) : StoredClient();
}

struct Row {
  const char* name;
  ClientSettings settings;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class HydraRoundTrip : public testing::TestWithParam<Row> {};

TEST_P(HydraRoundTrip, WhatIsWrittenIsReadBack) {
  const StoredClient client = a_stored(GetParam().settings);
  EXPECT_TRUE(client.client.settings == GetParam().settings);
  EXPECT_TRUE(client.client.mark == a_mark());
}

TEST_P(HydraRoundTrip, AlsoByAVersionThatHasTheDeviceGrant) {
  const StoredClient client = a_stored(GetParam().settings, [](Json& document) {
    for (const char* which : {"access", "refresh", "id"}) {
      const std::string end = std::string("_grant_") + which + "_token_lifespan";
      document["device_authorization" + end] = document["authorization_code" + end];
    }
  });
  EXPECT_TRUE(client.client.settings == GetParam().settings);
}

ClientSettings full_client() {
  ClientSettings settings = a_full_client();
  settings.parameters = {{"access_token_strategy", "jwt"},
                         {"frontchannel_logout_session_required", "true"},
                         {"request_uris", R"(["https://a.example/request"])"}};
  return settings;
}

ClientSettings public_client() {
  ClientSettings settings = a_machine_client();
  settings.type = ClientType::public_client;
  settings.grant_types = {"authorization_code"};
  settings.token_endpoint_auth_method = "none";
  settings.require_consent = true;
  return settings;
}

ClientSettings trusted_client() {
  ClientSettings settings = public_client();
  settings.type = ClientType::web;
  settings.grant_types = {"authorization_code", "implicit"};
  settings.token_endpoint_auth_method = "client_secret_post";
  settings.require_consent = false;
  settings.scopes = {};
  settings.jwks = "";
  settings.jwks_uri = "";
  return settings;
}

ClientSettings client_with_rich_keys() {
  ClientSettings settings = a_full_client();
  settings.parameters = {};
  settings.jwks = R"({"keys":[{"key_ops":["verify"],"kid":"1","kty":"EC"}]})";
  return settings;
}

INSTANTIATE_TEST_SUITE_P(Clients, HydraRoundTrip,
                         testing::Values(Row{"Machine", a_machine_client()},
                                         Row{"EveryMember", full_client()}, Row{"Public", public_client()},
                                         Row{"Trusted", trusted_client()},
                                         Row{"KeysWithMore", client_with_rich_keys()}),
                         [](const auto& row) { return row.param.name; });

TEST(HydraCodec, CreateHasTheWordsOfHydra) {
  const Json document = parsed(created(full_client()));
  EXPECT_EQ(document["scope"], "offline openid");
  EXPECT_EQ(document["response_types"], Json({"code"}));
  EXPECT_EQ(document["skip_consent"], false);
  EXPECT_EQ(document["client_credentials_grant_access_token_lifespan"], "900s");
  EXPECT_EQ(document["refresh_token_grant_refresh_token_lifespan"], "86400s");
  EXPECT_EQ(document["implicit_grant_id_token_lifespan"], "600s");
  EXPECT_EQ(document["frontchannel_logout_session_required"], true);
  EXPECT_EQ(document["metadata"][std::string(kMarkMember)]["namespace"], "team-a");
  EXPECT_FALSE(document.contains("client_secret"));
  EXPECT_FALSE(document.contains("owner")) << "other people's";
}

TEST(HydraCodec, NoScopesAreNotTheServersDefaultOnes) {
  ClientSettings settings = a_machine_client();
  settings.scopes = {};
  EXPECT_EQ(parsed(created(settings))["scope"], " ");
}

TEST(HydraCodec, ResponseTypesFollowFromTheGrants) {
  const auto types = [](std::vector<std::string> grants) {
    ClientSettings settings = a_machine_client();
    settings.grant_types = std::move(grants);
    return parsed(created(settings))["response_types"];
  };
  EXPECT_EQ(types({"client_credentials"}), Json::array());
  EXPECT_EQ(types({"authorization_code", "refresh_token"}), Json({"code"}));
  EXPECT_EQ(types({"implicit"}), Json({"id_token", "id_token token", "token"}));
  EXPECT_EQ(types({"authorization_code", "implicit"}).size(), 7U);
}

TEST(HydraCodec, TheSecretIsSentOnceAndDescribedWithoutItsValue) {
  const Secret value(kValue);
  const NewCredential credential{.operation_id = "op-1", .revision = 1, .value = &value};
  Json document = parsed(*write_new_client(a_machine_client(), a_mark(), &credential, kNow));
  EXPECT_EQ(document["client_secret"], kValue);
  document.erase("client_secret");
  EXPECT_THAT(document.dump(), Not(HasSubstr(kValue)));
  const auto read = read_client(stored(document.dump()));
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->client.credentials.size(), 1U);
  const Credential& described = read->client.credentials.front();
  EXPECT_EQ(described.id, "op-1");
  EXPECT_EQ(described.operation_id, "op-1");
  EXPECT_EQ(described.revision, 1);
  EXPECT_EQ(described.hint, kValue.substr(kValue.size() - 4));
  EXPECT_EQ(described.created_at, kNow);
}

TEST(HydraCodec, WhatIsSecretInAnAnswerIsNotKept) {
  const StoredClient client = a_stored(a_machine_client());
  EXPECT_THAT(client.document.dump(), Not(HasSubstr(kValue)));
  EXPECT_THAT(client.document.dump(), Not(HasSubstr("ory_at_token")));
  EXPECT_THAT(*rewrite_client(client, a_machine_client(), a_mark()), Not(HasSubstr("client_secret\"")));
}

TEST(HydraCodec, AClientWithoutOurMarkIsUnmarked) {
  const StoredClient client = a_stored(a_machine_client(), [](Json& document) {
    document["metadata"] = {{"team", "billing"}};
  });
  EXPECT_FALSE(client.client.mark);
  ASSERT_EQ(client.client.credentials.size(), 1U) << "its secret is there, though nobody has described it";
  EXPECT_EQ(client.client.credentials.front().revision, 1);
  EXPECT_EQ(client.client.settings.type, ClientType::machine);
}

TEST(HydraCodec, AMarkThatCannotBeReadIsSomebodyElses) {
  const StoredClient client = a_stored(a_machine_client(), [](Json& document) {
    document["metadata"][std::string(kMarkMember)].erase("uid");
  });
  ASSERT_TRUE(client.client.mark);
  EXPECT_EQ(client.client.mark->installation_id, "");
}

TEST(HydraCodec, RewriteKeepsWhatIsNotOurs) {
  const StoredClient before = a_stored(a_machine_client(), [](Json& document) {
    document["metadata"]["team"] = "billing";
    document["owner"] = "somebody";
    document["backchannel_logout_uri"] = "https://a.example/out";
    document["member_of_the_future"] = 7;
  });
  ClientSettings wish = a_machine_client();
  wish.client_name = "Another name";
  OwnershipMark mark = a_mark();
  mark.revision = 3;
  const Json document = parsed(*rewrite_client(before, wish, mark));
  EXPECT_EQ(document["client_name"], "Another name");
  EXPECT_EQ(document["metadata"]["team"], "billing");
  EXPECT_EQ(document["metadata"][std::string(kMarkMember)]["revision"], 3);
  EXPECT_EQ(document["owner"], "somebody");
  EXPECT_EQ(document["backchannel_logout_uri"], "https://a.example/out");
  EXPECT_EQ(document["member_of_the_future"], 7);
  EXPECT_EQ(document["created_at"], "2026-01-02T03:04:05Z") << "else Hydra sets it to now";
  EXPECT_FALSE(document.contains("jwks")) << "an empty set beside jwks_uri is refused";
}

TEST(HydraCodec, RewriteOfTheSecretChangesNothingElse) {
  const Secret value(kValue);
  const StoredClient before = a_stored(full_client(), [](Json& document) {
    document["metadata"]["team"] = "billing";
    document["metadata"][std::string(kMarkMember)]["credential"] = {{"operation_id", "op-1"},
                                                                    {"revision", 1}};
  });
  Json after = parsed(rewrite_secret(before, {.operation_id = "op-2", .revision = 2, .value = &value}, kNow));
  EXPECT_EQ(after["client_secret"], kValue);
  const Json& mark = after["metadata"][std::string(kMarkMember)];
  EXPECT_EQ(mark["credential"]["operation_id"], "op-2");
  EXPECT_EQ(mark["credential"]["revision"], 2);
  EXPECT_EQ(mark["revision"], 2) << "the highest that was seen";
  EXPECT_EQ(mark["uid"], "uid-1");
  Json before_ours = before.document;
  for (Json* one : {&after, &before_ours}) {
    one->erase("client_secret");
    (*one)["metadata"].erase(std::string(kMarkMember));
  }
  EXPECT_EQ(after, before_ours);
}

struct DriftRow {
  const char* name;
  const char* member;
  Json value;
};
void PrintTo(const DriftRow& row, std::ostream* out) { *out << row.name; }

class HydraDrift : public testing::TestWithParam<DriftRow> {};

TEST_P(HydraDrift, IsSeenAndMended) {
  const StoredClient drifted =
      a_stored(full_client(), [](Json& document) { document[GetParam().member] = GetParam().value; });
  EXPECT_FALSE(drifted.client.settings == full_client());
  const auto mended = read_client(stored(*rewrite_client(drifted, full_client(), a_mark())));
  ASSERT_TRUE(mended.has_value());
  EXPECT_TRUE(mended->client.settings == full_client());
}

INSTANTIATE_TEST_SUITE_P(
    Members, HydraDrift,
    testing::Values(DriftRow{"Name", "client_name", "x"}, DriftRow{"Grants", "grant_types", {"implicit"}},
                    DriftRow{"ResponseTypes", "response_types", {"token"}},
                    DriftRow{"NoResponseTypes", "response_types", nullptr},
                    DriftRow{"Consent", "skip_consent", true},
                    DriftRow{"OneLifespan", "client_credentials_grant_access_token_lifespan", "1h0m0s"},
                    DriftRow{"NoLifespan", "authorization_code_grant_access_token_lifespan", nullptr},
                    DriftRow{"OddLifespan", "refresh_token_grant_id_token_lifespan", "1.5s"},
                    DriftRow{"Scope", "scope", "offline openid admin"},
                    DriftRow{"Audience", "audience", {"https://other.example"}},
                    DriftRow{"Parameter", "access_token_strategy", "opaque"},
                    DriftRow{"ParameterGone", "request_uris", nullptr},
                    DriftRow{"Keys", "jwks", {{"keys", {{{"kty", "RSA"}}}}}},
                    DriftRow{"NoKeys", "jwks", Json::object()}),
    [](const auto& row) { return row.param.name; });

TEST(HydraCodec, OrderIsNoDifference) {
  const StoredClient client = a_stored(full_client(), [](Json& document) {
    document["redirect_uris"] = {"https://b.example/cb", "https://a.example/cb"};
    document["scope"] = "openid offline";
  });
  EXPECT_TRUE(client.client.settings == full_client());
}

TEST(HydraCodec, AParameterThatIsNoLongerDeclaredIsTakenAway) {
  ClientSettings wish = full_client();
  wish.parameters.erase("access_token_strategy");
  const Json document = parsed(*rewrite_client(a_stored(full_client()), wish, a_mark()));
  EXPECT_FALSE(document.contains("access_token_strategy"));
  EXPECT_TRUE(document.contains("request_uris"));
}

TEST(HydraCodec, ParametersThatHydraDoesNotHaveAreRefused) {
  for (const auto& [name, value] :
       {std::pair("client_secret", kValue), std::pair("metadata", std::string("{}")),
        std::pair("response_types", std::string("[]")), std::pair("color", std::string("blue")),
        std::pair("skip_logout_consent", std::string("perhaps")),
        std::pair("request_uris", std::string("a"))}) {
    ClientSettings settings = a_machine_client();
    settings.parameters = {{name, value}};
    const auto body = write_new_client(settings, a_mark(), nullptr, kNow);
    ASSERT_THAT(body, has_error(ErrorKind::invalid)) << name;
    EXPECT_THAT(body.error().message, HasSubstr(std::string("registryParameters: ") + name));
    EXPECT_THAT(body.error().message, Not(HasSubstr(value.size() > 2 ? value : "\n")));
  }
}

TEST(HydraCodec, WhatIsNoClientIsNotRead) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"client_id":7})",
                           R"({"client_id":"a","grant_types":"client_credentials"})"}) {
    EXPECT_THAT(read_client(body), has_error(ErrorKind::protocol)) << body;
  }
}

TEST(HydraCodec, TheEtagIsOfOneState) {
  const StoredClient one = a_stored(a_machine_client());
  const StoredClient same = a_stored(a_machine_client());
  const StoredClient other = a_stored(a_machine_client(), [](Json& document) { document["owner"] = "x"; });
  EXPECT_EQ(one.client.etag, same.client.etag);
  EXPECT_NE(one.client.etag, other.client.etag);
}

}  // namespace
}  // namespace apiclient::backend::hydra
